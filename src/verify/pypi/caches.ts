/**
 * The path of the module that a compiled file stands for: what lies in `__pycache__` is loaded in place of the source beside
 * that folder, whatever the source says, if its header asks for no check (PEP 552).
 */
export function withoutCaches(segments: readonly string[]): readonly string[] {
  return segments.filter(
    (folder, at) => at === segments.length - 1 || folder.toLowerCase() !== '__pycache__',
  );
}
