/** Where a command writes: data with `print` (stdout), words with `say` (stderr). */
export interface Terminal {
  print(line: string): void;
  say(line: string): void;
}
