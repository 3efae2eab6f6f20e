/** Groups of `entry_points.txt` of which installers make scripts (PyPA, entry points specification). */
const SCRIPTS: ReadonlySet<string> = new Set(['console_scripts', 'gui_scripts']);

/**
 * Names of the scripts that installers make of an `entry_points.txt`. It is read line by line both as `importlib.metadata`
 * does, to which a head ends its line and has any number of brackets, and as `configparser` does, to which something may
 * follow; what either takes for a script is one. `:` ends a name too, as it does for older readers.
 */
export function scriptNames(bytes: Uint8Array): string[] {
  const names = new Set<string>();
  let scripts = false;
  for (const raw of Buffer.from(bytes)
    .toString('utf8')
    .split(/\r\n|\r|\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const head = /^\[.*\]/.exec(line)?.[0];
    const whole = head === line;
    if (!whole && scripts) names.add((line.split(/[=:]/, 1)[0] ?? '').trim());
    if (head === undefined) continue;
    const opens = SCRIPTS.has(bare(head));
    // To one reader, what a head is followed by belongs to the group before it, and so does the next line.
    scripts = opens || (scripts && !whole);
  }
  return [...names];
}

/** Without brackets and blanks at its ends. By hand: a pattern for those at the end begins anew at each bracket before. */
function bare(head: string): string {
  let [from, to] = [0, head.length];
  while (from < to && /[[\s]/.test(head[from] ?? '')) from += 1;
  while (to > from && /[\]\s]/.test(head[to - 1] ?? '')) to -= 1;
  return head.slice(from, to);
}
