/** How often it is looked at which waivers end, which profiles observe no more, and how old the feed is, ms. */
const LOOK_EVERY = 60_000;

/** Looks again and again, from the next time on; what it returns ends that. */
export function keepLooking(look: () => void): () => void {
  const timer = setInterval(look, LOOK_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}
