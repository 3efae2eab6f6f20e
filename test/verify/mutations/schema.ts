import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What a field of a protobuf message is in JSON. Numbers of 64 bits are strings there. */
export type FieldType = 'string' | 'bytes' | 'number' | 'boolean' | 'date' | 'enum' | 'message';

/** A field by its place in the message's JSON: `verificationMaterial.tlogEntries[].logIndex`. */
export interface Field {
  readonly path: string;
  readonly type: FieldType;
  readonly repeated: boolean;
}

const GENERATED = join(
  dirname(createRequire(import.meta.url).resolve('@sigstore/protobuf-specs')),
  '__generated__',
);

/** Reads one of the generated declarations: `sigstore_bundle`. */
export function readDeclarations(module: string): string {
  return readFileSync(join(GENERATED, `${module}.d.ts`), 'utf8');
}

/**
 * Every field that a message can have, at any depth, from the types that the protobuf compiler generated: interfaces
 * are messages, `{ $case }` unions are oneofs (their case is the JSON's key), `Buffer` is bytes.
 */
export function fieldsOf(module: string, message: string, read = readDeclarations): Field[] {
  return new Declarations(read).fields(module, message, '');
}

class Declarations {
  readonly #read: (module: string) => string;
  readonly #texts = new Map<string, string>();

  constructor(read: (module: string) => string) {
    this.#read = read;
  }

  fields(module: string, message: string, prefix: string): Field[] {
    const body = bodyAfter(this.#text(module), `export interface ${message} `);
    if (body === null) throw new Error(`${module} declares no message ${message}`);
    return membersOf(body).flatMap(({ name, type }) =>
      this.#member(module, `${prefix}${name}`, type, prefix),
    );
  }

  #member(module: string, path: string, type: string, prefix: string): Field[] {
    const kinds = unionOf(type).filter((kind) => kind !== 'undefined');
    const [kind = '', ...others] = kinds;
    if (kind.startsWith('{')) {
      return kinds.flatMap((oneOf) =>
        membersOf(oneOf.slice(1, -1))
          .filter((member) => member.name !== '$case')
          .flatMap((member) => this.#member(module, `${prefix}${member.name}`, member.type, prefix)),
      );
    }
    if (others.length > 0) throw new Error(`${module}: ${path} is of several types: ${type}`);
    const repeated = kind.endsWith('[]');
    return this.#value(module, repeated ? `${path}[]` : path, repeated ? kind.slice(0, -2) : kind, repeated);
  }

  #value(module: string, path: string, type: string, repeated: boolean): Field[] {
    const scalar = SCALARS[type];
    if (scalar) return [{ path, type: scalar, repeated }];
    const home = this.#home(module, type);
    if (this.#text(home).includes(`export declare enum ${type} {`)) return [{ path, type: 'enum', repeated }];
    return [{ path, type: 'message', repeated }, ...this.fields(home, type, `${path}.`)];
  }

  /** The module that declares a name which `module` uses. */
  #home(module: string, name: string): string {
    for (const [, names = '', from = ''] of this.#text(module).matchAll(
      /import \{([^}]*)\} from "\.\/([^"]+)"/g,
    )) {
      if (names.split(',').some((one) => one.trim() === name)) return from;
    }
    return module;
  }

  #text(module: string): string {
    const known = this.#texts.get(module);
    if (known !== undefined) return known;
    const text = this.#read(module)
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '');
    this.#texts.set(module, text);
    return text;
  }
}

const SCALARS: Readonly<Record<string, FieldType>> = {
  string: 'string',
  Buffer: 'bytes',
  number: 'number',
  boolean: 'boolean',
  Date: 'date',
};

/** What stands between the braces that open after `head`, or null. */
function bodyAfter(text: string, head: string): string | null {
  const at = text.indexOf(head);
  if (at < 0) return null;
  const open = text.indexOf('{', at);
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return text.slice(open + 1, i);
  }
  throw new Error(`${head}never ends`);
}

function membersOf(body: string): { name: string; type: string }[] {
  return splitAt(body, ';').map((member) => {
    const match = /^([$\w]+)\??:\s*([\s\S]+)$/.exec(member);
    if (!match?.[1] || !match[2]) throw new Error(`no member: ${member}`);
    return { name: match[1], type: match[2].trim() };
  });
}

function unionOf(type: string): string[] {
  return splitAt(type, '|');
}

/** Splits outside of braces; empty parts are left out. */
function splitAt(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === separator && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += char;
  }
  return [...parts, part.trim()].filter((one) => one !== '');
}
