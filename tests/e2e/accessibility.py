"""What axe finds on a page that keeps readers out."""

from functools import cache

from playwright.sync_api import Page

from deploy.page import SOURCES

# The hundreds of texts of a page have few looks: the colours, the ground and the letters of an
# element and of all around it. The rules of colours, which take most of the time, are applied to
# the first and the last element of each look, as something may cover one of them.
_RUN = """async onlyColours => {
  const CONTROLS = 'input, select, textarea';
  const known = new Map([[null, '']]), numbers = new Map();
  const own = place => {
    const is = getComputedStyle(place);
    return [is.color, is.backgroundColor, is.backgroundImage, is.opacity, is.filter, is.fontSize,
      is.fontWeight, is.textShadow, is.mixBlendMode, is.position,
      place.matches(':disabled, [aria-disabled=true]')].join();
  };
  const look = place => {
    if (!known.has(place)) {
      const text = `${look(place.parentElement)} ${own(place)}`;
      if (!numbers.has(text)) numbers.set(text, numbers.size);
      known.set(place, numbers.get(text));
    }
    return known.get(place);
  };
  const first = new Map(), last = new Map();
  for (const place of document.body.querySelectorAll('*')) {
    const texts = [...place.childNodes].filter(it => it.nodeType === Node.TEXT_NODE);
    if (!place.matches(CONTROLS) && !texts.some(it => it.data.trim())) continue;
    if (!place.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (!first.has(look(place))) first.set(look(place), place);
    last.set(look(place), place);
  }
  const looks = [...new Set([...first.values(), ...last.values()])];
  const rules = {type: 'rule', values: ['color-contrast', 'link-in-text-block']};
  const found = await axe.run(looks, {resultTypes: ['violations'], runOnly: rules});
  const others = Object.fromEntries(rules.values.map(rule => [rule, {enabled: false}]));
  const rest = onlyColours ? [] : (await axe.run(
    document, {resultTypes: ['violations'], rules: others})).violations;
  return [...rest, ...found.violations]
    .filter(it => ['serious', 'critical'].includes(it.impact))
    .map(it => `${it.id}: ${it.nodes[0].html.slice(0, 160)}`);
}"""


@cache
def _axe() -> str:
    return (SOURCES / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def accessibility(page: Page, only_colours: bool = False) -> list[str]:
    """What is serious or critical: the rule and the first place.

    With `only_colours` by the rules that depend on a theme.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(_RUN, only_colours)
    return found
