const PRINTABLE = /^[A-Za-z0-9._~:/@+-]{1,200}\*?$/;

/**
 * A value of a certificate or of the policy as people and agents may read it, or undefined where it is missing or
 * not of this grammar: one word of names, paths, addresses and numbers, in which no sentence can be written. A policy's ref may end in `*`.
 */
export function shown(value: string | null): string | undefined {
  return value !== null && PRINTABLE.test(value) ? value : undefined;
}
