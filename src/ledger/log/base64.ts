/** The bytes of standard base64 (RFC 4648 section 4) in its one canonical spelling; null for every other text. */
export function canonicalBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
