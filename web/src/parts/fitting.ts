/** Texts by the room that there is for them. */

let pen: CanvasRenderingContext2D | null | undefined;

function widthOf(text: string, font: string): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return Infinity;
  pen.font = font;
  return pen.measureText(text).width;
}

export interface Room {
  width: number;
  height: number;
  font: string;
  lineHeight: number;
}

/** The first of the texts, each of lines, that fits whole; "" where none does. */
export function fitting(texts: string[], { width, height, font, lineHeight }: Room): string {
  const fits = (text: string) => {
    const lines = text.split("\n");
    return lines.length * lineHeight <= height && lines.every((line) => widthOf(line, font) <= width);
  };
  return texts.find(fits) ?? "";
}
