import { createCipheriv } from 'node:crypto';

/** Bytes that do not compress; always the same for the same length. */
export function noise(bytes: number): Buffer {
  return createCipheriv('aes-256-ctr', Buffer.alloc(32), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
