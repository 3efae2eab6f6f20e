import { type ArchivePath, folded } from './path.ts';
import { ArchiveUnsafe } from './unsafe.ts';

/** Up to the folder that the link shall not leave, then down: the one spelling that every system resolves alike. */
const TARGET = /^(?:\.\.\/)*(?:(?!\.{1,2}(?:\/|$))[^/\\\0]+\/)*(?!\.{1,2}$)[^/\\\0]+$/;

/**
 * Symbolic links of an archive, held to the rest of it: each leads to a regular file of the same archive, whose path is
 * written as the archive writes it, and nothing else lies in its place or below it. So whoever follows a link and whoever
 * writes a copy, or drops it, has the same in every other file. Stricter than PEP 721's data filter, which lets links lead
 * to folders, to links and to nothing.
 */
export class Links {
  /** Path to target, both checked. */
  readonly #links: { readonly path: ArchivePath; readonly target: string }[] = [];
  readonly #files = new Set<string>();
  readonly #all: string[] = [];

  /** Each entry of the archive. `link` as `walkTar` tells it. Throws ArchiveUnsafe. */
  add(path: ArchivePath, folder: boolean, link: string | null): void {
    this.#all.push(path.text);
    if (link !== null) this.#links.push({ path, target: targetOf(path, link) });
    else if (!folder) this.#files.add(path.text);
  }

  /** Once all entries were added. Throws ArchiveUnsafe. */
  check(): void {
    if (this.#links.length === 0) return;
    const places = new Map<string, number>();
    // Nothing is below a link in another spelling either: some file systems would write through it.
    for (const text of this.#all) {
      const place = folded(text);
      places.set(place, (places.get(place) ?? 0) + 1);
    }
    for (const { path, target } of this.#links) {
      if (!this.#files.has(target)) throw new ArchiveUnsafe('link to no file of the archive', path.text);
      if (places.get(folded(path.text)) !== 1) throw new ArchiveUnsafe('two files in one place', path.text);
    }
    const linked = new Set(this.#links.map(({ path }) => folded(path.text)));
    for (const place of places.keys()) {
      for (let slash = place.indexOf('/'); slash >= 0; slash = place.indexOf('/', slash + 1)) {
        if (linked.has(place.slice(0, slash))) throw new ArchiveUnsafe('file below a link', place);
      }
    }
  }
}

/** The path that a link leads to, below the top folder that both lie in. */
function targetOf({ text, segments, folder }: ArchivePath, link: string): string {
  if (folder || !TARGET.test(link) || /^[A-Za-z]:/.test(link))
    throw new ArchiveUnsafe('unreadable link', text);
  const words = link.split('/');
  const down = words.filter((word) => word !== '..');
  const base = segments.slice(0, -1);
  const up = words.length - down.length;
  // The top folder is what an unpacker makes: a link may not lead through the place where that lies.
  if (up >= base.length) throw new ArchiveUnsafe('link that leaves the archive', text);
  return [...base.slice(0, base.length - up), ...down].join('/');
}
