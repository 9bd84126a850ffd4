/** What a scrubber must make of a text, by looking for everything everywhere: slow, simple, and nothing of ours. */

/** Long forms are found through line breaks. */
const shortestBreakable = 12;

/** `[REDACTED]` for each stretch of characters that overlapping occurrences of the forms cover; by line. */
export function scrubByBruteForce(lines: readonly string[], forms: Iterable<string>): string[] {
  const text = lines.join('\n');
  const isCovered = new Uint8Array(text.length);
  /** Whether one occurrence covers this character and the one before it. */
  const isJoined = new Uint8Array(text.length);
  const cover = (places: readonly number[], start: number, length: number) => {
    const end = (places[start + length - 1] ?? 0) + 1;
    for (let at = places[start] ?? 0, first = at; at < end; at += 1) {
      isCovered[at] = 1;
      if (at > first) isJoined[at] = 1;
    }
  };
  const all = Array.from({ length: text.length }, (_, at) => at);
  const unbroken = all.filter((at) => text[at] !== '\n');
  const joined = lines.join('');
  for (const form of forms) {
    const short = form.replaceAll('\n', '');
    const isBreakable = short.length >= shortestBreakable;
    const [haystack, needle, places] = isBreakable ? [joined, short, unbroken] : [text, form, all];
    for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) {
      cover(places, at, needle.length);
    }
  }
  let at = 0;
  return lines.map((line) => {
    let scrubbed = '';
    for (let index = 0; index < line.length; index += 1, at += 1) {
      if (!isCovered[at]) scrubbed += line[index];
      else if (index === 0 || !isJoined[at]) scrubbed += '[REDACTED]';
    }
    at += 1;
    return scrubbed;
  });
}
