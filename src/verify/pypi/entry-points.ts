/** Groups of `entry_points.txt` of which installers make scripts (PyPA, entry points specification). */
const SCRIPTS: ReadonlySet<string> = new Set(['console_scripts', 'gui_scripts']);

/**
 * Names of the scripts that installers make of an `entry_points.txt`. It is read line by line as `importlib.metadata`
 * does, and more is taken for a script rather than less: `:` ends a name too, as it does for older readers.
 */
export function scriptNames(bytes: Uint8Array): string[] {
  const names = new Set<string>();
  let group: string | null = null;
  for (const raw of Buffer.from(bytes)
    .toString('utf8')
    .split(/\r\n|\r|\n/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const head = /^\[(.*)\]/.exec(line);
    if (head) group = (head[1] ?? '').trim();
    else if (group !== null && SCRIPTS.has(group)) names.add((line.split(/[=:]/, 1)[0] ?? '').trim());
  }
  return [...names];
}
