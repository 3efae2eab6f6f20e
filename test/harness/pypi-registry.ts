import { createHash } from 'node:crypto';
import { makeSdist, makeWheel } from '../verify/archives.ts';
import { noise } from './noise.ts';

/** One file of a project on the fake index. Everything but the file name has a harmless default. */
export interface PypiFile {
  /** `six-1.16.0-py3-none-any.whl` makes a wheel, `six-1.16.0.tar.gz` a source distribution. */
  readonly filename: string;
  /** Files of the archive beside its metadata. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Lines of METADATA or PKG-INFO after Name and Version, or a whole document that begins with Metadata-Version. */
  readonly metadata?: string;
  /** The bytes themselves, instead of a made archive. */
  readonly bytes?: Uint8Array;
  readonly bulk?: number;
  /** `upload-time`; null leaves it out. */
  readonly uploadTime?: string | null;
  /** `hashes`: of the bytes (sha256), of something else, none, or these. */
  readonly hashes?: 'right' | 'wrong' | 'none' | Readonly<Record<string, string>>;
  /** `size`: of the bytes, one less than it, none. */
  readonly size?: 'right' | 'wrong' | 'none';
  readonly yanked?: boolean | string;
  readonly requiresPython?: string;
  /** `core-metadata`: left out, right, or with a wrong digest. The document itself is served in any case. */
  readonly coreMetadata?: 'none' | 'right' | 'wrong';
  /**
   * `provenance` (PEP 740): true for the address on the index's origin that an index writes, else this value as it
   * stands. In HTML it is `data-provenance`.
   */
  readonly provenance?: unknown;
  /** `url`: absolute on the files' origin, relative to the index, or this text. */
  readonly url?: 'absolute' | 'relative' | (string & {});
  /** Any further keys of the file object. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface PypiProject {
  /** PEP 792 `project-status`. */
  readonly status?: string;
}

interface Stored {
  readonly spec: PypiFile;
  readonly bytes: Buffer;
  readonly metadata: Buffer | undefined;
}

/**
 * The Python half of the fake registry. Files are at `/files/<filename>` on an origin of their own, provenance
 * objects at `/integrity/<name>/<version>/<filename>/provenance` on the index's.
 */
export class PypiProjects {
  readonly #origin: string;
  readonly #filesOrigin: string;
  readonly #projects = new Map<string, { project: PypiProject; files: Map<string, Stored> }>();

  constructor(filesOrigin: string, origin = filesOrigin) {
    this.#origin = origin;
    this.#filesOrigin = filesOrigin;
  }

  /** Adds files to a project, or replaces those that are already there. */
  add(name: string, files: readonly PypiFile[], project: PypiProject = {}): void {
    const known = this.#projects.get(name)?.files ?? new Map<string, Stored>();
    for (const spec of files) known.set(spec.filename, store(name, spec));
    this.#projects.set(name, { project, files: known });
  }

  remove(name: string, filename?: string): void {
    if (filename === undefined) this.#projects.delete(name);
    else this.#projects.get(name)?.files.delete(filename);
  }

  file(filename: string): Buffer | undefined {
    for (const { files } of this.#projects.values()) {
      const stored = files.get(filename);
      if (stored) return stored.bytes;
      const wheel = filename.endsWith('.metadata') ? files.get(filename.slice(0, -9)) : undefined;
      if (wheel?.metadata) return wheel.metadata;
    }
    return undefined;
  }

  /** Where the provenance object of a file is, on the index's origin. */
  static provenancePath(name: string, filename: string): string {
    return `/integrity/${name}/${partsOf(filename).version}/${filename}/provenance`;
  }

  /** The project as PEP 691 JSON, in the shape seen in practice. */
  json(name: string): Record<string, unknown> | undefined {
    const known = this.#projects.get(name);
    if (!known) return undefined;
    const stored = [...known.files.values()];
    return {
      files: stored.map((file) => this.#file(name, file)),
      meta: { '_last-serial': 1, 'api-version': '1.1' },
      name,
      versions: [...new Set(stored.map(({ spec }) => partsOf(spec.filename).version))],
      ...(known.project.status === undefined ? {} : { 'project-status': { status: known.project.status } }),
    };
  }

  /** The project as PEP 503 HTML. */
  html(name: string): string | undefined {
    const known = this.#projects.get(name);
    if (!known) return undefined;
    const rows = [...known.files.values()].map((stored) => {
      const hash = sha256(stored.bytes);
      const yanked = stored.spec.yanked ? ' data-yanked="withdrawn"' : '';
      const claim = this.#provenanceOf(name, stored.spec);
      const provenance = claim === undefined ? '' : ` data-provenance="${claim}"`;
      return `<a href="${this.#urlOf(stored.spec)}#sha256=${hash}"${yanked}${provenance}>${stored.spec.filename}</a><br>`;
    });
    return `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"></head><body>${rows.join('\n')}</body></html>`;
  }

  #urlOf({ url = 'absolute', filename }: PypiFile): string {
    if (url === 'absolute') return `${this.#filesOrigin}/files/${filename}`;
    return url === 'relative' ? `../../files/${filename}` : url;
  }

  #provenanceOf(name: string, { provenance, filename }: PypiFile): unknown {
    return provenance === true ? this.#origin + PypiProjects.provenancePath(name, filename) : provenance;
  }

  #file(name: string, { spec, bytes, metadata }: Stored): Record<string, unknown> {
    const hashes =
      typeof spec.hashes === 'object'
        ? spec.hashes
        : spec.hashes === 'none'
          ? {}
          : { sha256: sha256(spec.hashes === 'wrong' ? 'something else' : bytes) };
    const file: Record<string, unknown> = {
      filename: spec.filename,
      hashes,
      'requires-python': spec.requiresPython ?? null,
      url: this.#urlOf(spec),
      yanked: spec.yanked ?? false,
      ...spec.extra,
    };
    if (spec.provenance !== undefined) file['provenance'] = this.#provenanceOf(name, spec);
    if (spec.size !== 'none') file['size'] = bytes.length - (spec.size === 'wrong' ? 1 : 0);
    if (spec.uploadTime !== null) file['upload-time'] = spec.uploadTime ?? '2020-01-01T00:00:00.000000Z';
    if (metadata && spec.coreMetadata !== undefined && spec.coreMetadata !== 'none') {
      file['core-metadata'] = {
        sha256: sha256(spec.coreMetadata === 'wrong' ? 'something else' : metadata),
      };
    }
    return file;
  }
}

function sha256(of: string | Uint8Array): string {
  return createHash('sha256').update(of).digest('hex');
}

/** Name and version of a wheel's or source distribution's file name; good enough for names made by tests. */
function partsOf(filename: string): { name: string; version: string } {
  const stem = filename.replace(/(\.whl|\.tar\.gz|\.zip)$/, '');
  if (filename.endsWith('.whl')) {
    const [name = '', version = ''] = stem.split('-');
    return { name, version };
  }
  const at = stem.lastIndexOf('-');
  return { name: stem.slice(0, at), version: stem.slice(at + 1) };
}

function store(project: string, spec: PypiFile): Stored {
  const { version } = partsOf(spec.filename);
  const name = spec.filename.endsWith('.whl') ? partsOf(spec.filename).name : project;
  const metadataText = spec.metadata?.startsWith('Metadata-Version')
    ? spec.metadata
    : `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n${spec.metadata ?? ''}`;
  const module = { [`${name.replace(/-/g, '_')}/__init__.py`]: `__version__ = '${version}'\n` };
  const files = {
    ...module,
    ...spec.files,
    ...(spec.bulk === undefined ? {} : { 'bulk.bin': noise(spec.bulk) }),
  };
  const make = spec.filename.endsWith('.whl') ? makeWheel : makeSdist;
  const tags = spec.filename.slice(0, -'.whl'.length).split('-').slice(-3).join('-');
  const bytes = Buffer.from(spec.bytes ?? make({ name, version, metadata: metadataText, files, tags }));
  return { spec, bytes, metadata: spec.filename.endsWith('.whl') ? Buffer.from(metadataText) : undefined };
}
