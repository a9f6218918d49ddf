// Strings of every origin. The length of a row differs, so that they come from pools of many classes.

class Named {
  constructor(
    public name: string,
    public other: Named | null,
  ) {}
}

export function strings(rounds: i32): i32 {
  let total = 0;
  let kept: Named | null = null;
  for (let round = 0; round < rounds; round++) {
    const number = round.toString();
    let text = "<";
    for (let i = 0; i < round % 70; i++) text += String.fromCharCode(97 + (i % 26));
    text += ">";
    assert(text.length == (round % 70) + 2);
    assert(text.charAt(0) == "<" && text.endsWith(">"));
    const parts = [number, text, "é€😀", ""];
    const joined = parts.join("|");
    const split = joined.split("|");
    assert(split.length == 4 && split[0] == number && split[1] == text && split[2] == "é€😀");
    assert(joined.includes(text) && joined.indexOf("é") == number.length + text.length + 2);
    assert(text.toUpperCase().toLowerCase() == text);
    assert(("  " + text + "\t").trim() == text && text.padStart(80, ".").length == 80);
    assert(number.repeat(5).replaceAll(number, "x") == "xxxxx");
    assert(
      encodeURIComponent("é€" + number).length > 0 && decodeURIComponent(encodeURIComponent(text)) == text,
    );
    assert(I32.parseInt(number) == round && F64.parseFloat((<f64>round / 8).toString()) == <f64>round / 8);
    const utf8 = String.UTF8.encode(joined, true);
    assert(String.UTF8.decode(utf8, true) == joined);
    assert(String.UTF16.decode(String.UTF16.encode(text)) == text);
    assert(`${round}:${text}` == number + ":" + text);
    kept = new Named(number + text, round % 50 ? kept : null);
    total += joined.length;
  }
  // The last ones still hold each other, with the texts that they were given.
  let round = rounds;
  let link = kept;
  while (link) {
    round--;
    assert(link.name.startsWith(round.toString() + "<"));
    link = link.other;
  }
  assert(round >= 0 && round % 50 == 0);
  return total;
}
