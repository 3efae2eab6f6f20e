import { type Config, ownHosts, ownUrl } from '../config.ts';
import type { PackageId } from '../model/artifact.ts';
import type { ListedFile } from '../model/listing.ts';
import { httpUrl } from '../upstream/locations.ts';
import type { LockHouse } from './house.ts';
import { ecosystemOf } from './indexes.ts';

/** What is odd about the address from which a lockfile says that a package came. */
export interface OddAddress {
  /** `elsewhere`: not where this package's registry is. `insecure`: and without TLS. `another-package`: of our registry's, but another file's. */
  readonly kind: 'elsewhere' | 'insecure' | 'unreadable' | 'another-package';
  /** Of the grammar of origins, or null where it is none. */
  readonly origin: string | null;
}

/** Origins at which packages of lockfiles may lie: the registry's, those that are accepted, and our own. */
export class Origins {
  readonly #house: Pick<LockHouse, 'source' | 'reader'>;
  readonly #own: ReadonlySet<string>;
  readonly #bySource = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(house: Pick<LockHouse, 'source' | 'reader' | 'config'>) {
    this.#house = house;
    this.#own = ownOrigins(house.config);
  }

  /** `files`: those of the version that its index lists: where they lie, its registry has them. */
  async oddities(
    id: PackageId,
    version: string,
    resolved: readonly string[],
    files: readonly ListedFile[],
  ): Promise<OddAddress[]> {
    if (resolved.length === 0) return [];
    const known = await this.#known(id);
    const listed = new Set(files.map(({ url }) => httpUrl(url)?.origin ?? ''));
    return resolved.flatMap((text): OddAddress[] => {
      const url = httpUrl(text);
      if (!url) return [{ kind: 'unreadable', origin: null }];
      const origin = shownOrigin(url);
      if (known.has(url.origin) || listed.has(url.origin) || this.#own.has(url.origin))
        return isOfAnother(id, version, url) ? [{ kind: 'another-package', origin }] : [];
      return [{ kind: url.protocol === 'https:' ? 'elsewhere' : 'insecure', origin }];
    });
  }

  #known(id: PackageId): Promise<ReadonlySet<string>> {
    const source = this.#house.source(id);
    const before = this.#bySource.get(source.id);
    if (before) return before;
    const known = (this.#house.reader?.memory.fileOrigins(source.id) ?? Promise.resolve([])).then(
      (learned) =>
        new Set([...[source.base, ...source.fileOrigins].map((one) => new URL(one).origin), ...learned]),
    );
    this.#bySource.set(source.id, known);
    return known;
  }
}

function ownOrigins(config: Config): ReadonlySet<string> {
  const own = [ownUrl(config), ...(config.publicUrl ? [config.publicUrl] : [])];
  const hosts = ownHosts(config).flatMap((host) => [`http://${host}`, `https://${host}`]);
  return new Set([...own, ...hosts].map((one) => URL.parse(one)?.origin ?? ''));
}

/** The address is of a file, by its name, and that is no file of this version. */
function isOfAnother(id: PackageId, version: string, url: URL): boolean {
  const last = url.pathname.split('/').at(-1) ?? '';
  if (!/\.(tgz|whl|tar\.gz|zip)$/.test(last)) return false;
  const ecosystem = ecosystemOf(id);
  let filename: string;
  try {
    filename = decodeURIComponent(last);
  } catch {
    return true;
  }
  const named = ecosystem.parseFilename(id.name, filename);
  return named === null || ecosystem.versions.compare(named.version, version) !== 0;
}

function shownOrigin({ origin }: URL): string | null {
  return /^https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253})(:\d{1,5})?$/.test(origin) ? origin : null;
}
