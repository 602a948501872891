#!/usr/bin/env bash
# fixcore-engine 0.15.0: a FIX 4.4 message that names the encoding of its texts is read with that
# field in the body, against the library's own dictionary.
#
# FIX puts MessageEncoding (347) into the standard header, before the encoded texts (354, 355) that it
# is about. The library's FIX44 dictionary says so too (`is_header_field(347)`), yet `Message.decode`
# files it under the body. Code that looks up the encoding in `header`, where the standard has it,
# finds none and takes the bytes of EncodedText for ASCII.
#
# Seen: 347 in `body`, not in `header`; the neighbours 49 and 52 are in `header`.
# Fails when the field is in the header.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fixcore-engine==0.15.0
"$folder/venv/bin/python" - <<'PYTHON'
from fixcore.message import Message, load_data_dictionary

SEPARATOR = b"\x01"
note = "Absicherung für Juni".encode()
fields = [
    (35, b"D"), (34, b"1"), (49, b"DESK"), (52, b"20221228-21:00:00"), (56, b"BROKER"),
    (347, b"UTF-8"), (11, b"1"), (55, b"AAPL"), (54, b"1"), (60, b"20221228-21:00:00"),
    (38, b"100"), (40, b"1"), (354, str(len(note)).encode()), (355, note),
]
body = b"".join(b"%d=%s" % field + SEPARATOR for field in fields)
start = b"8=FIX.4.4" + SEPARATOR + b"9=%d" % len(body) + SEPARATOR + body
whole = start + b"10=%03d" % (sum(start) % 256) + SEPARATOR

dictionary = load_data_dictionary("FIX44.xml")
message = Message.decode(whole, dictionary)
header, inside = ({tag for tag, _ in part.items()} for part in (message.header, message.body))
print("347 by the dictionary in the header:", dictionary.is_header_field(347))
print("read in the header:", 347 in header, "- in the body:", 347 in inside)
assert dictionary.is_header_field(347)
assert 347 in inside and 347 not in header
assert {49, 52} <= header
PYTHON
echo "as stated: the encoding is read as part of the body"
