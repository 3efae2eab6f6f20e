/** What was asked for on the command line cannot be meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
