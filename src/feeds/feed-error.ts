/** What of a feed, or of what one is made from, cannot be used. Its words may repeat names of files: for a terminal, escaped. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
}
