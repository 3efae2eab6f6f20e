import type { Page } from './ports.ts';

/** A page as it is sent: compressed, with its entity tag. */
export interface KeptPage extends Page {
  readonly etag: string;
}

/**
 * Finished pages by everything that they were made from; least recently used first out, bounded in bytes. A
 * page past its `until` is never given.
 */
export class PageCache {
  readonly #capacity: number;
  readonly #pages = new Map<string, KeptPage>();
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string, now: number): KeptPage | null {
    const page = this.#pages.get(key);
    if (!page) return null;
    this.#delete(key);
    if (page.until !== null && now >= page.until) return null;
    this.#set(key, page);
    return page;
  }

  put(key: string, page: KeptPage): void {
    this.#delete(key);
    this.#set(key, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#bytes <= this.#capacity) break;
      this.#delete(oldest);
    }
  }

  #set(key: string, page: KeptPage): void {
    this.#pages.set(key, page);
    this.#bytes += page.body.byteLength + key.length;
  }

  #delete(key: string): void {
    const page = this.#pages.get(key);
    if (!page) return;
    this.#pages.delete(key);
    this.#bytes -= page.body.byteLength + key.length;
  }
}
