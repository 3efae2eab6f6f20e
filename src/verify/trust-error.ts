/** The trust root or the keys cannot be used: says what is wrong, for people. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
}
