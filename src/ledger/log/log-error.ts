/**
 * What is read of a log is not what the specification says, or does not verify. The message says what, and in which
 * file, line or entry; it may repeat text of the log, so it is printed like all text that others bring. It never
 * holds a private key.
 */
export class LogError extends Error {
  override readonly name = 'LogError';
}
