import { type ClientRequest, get, type IncomingMessage } from 'node:http';

/** One request on a connection of its own, and what of its answer has arrived so far, whatever happens to it. */
export class Download {
  readonly path: string;
  /** Null until the head of the answer is here. */
  status: number | null = null;
  /** X-Sallyport-Entry: a leaf hash that the firewall has acknowledged. */
  entry: string | null = null;
  /** Content-Length; null where there is none. */
  length: number | null = null;
  /** Our end of the connection. */
  localPort: number | null = null;
  /** The whole answer arrived. */
  complete = false;
  /** Resolves when nothing more will come. Never rejects. */
  readonly ended: Promise<this>;
  readonly #pieces: Buffer[] = [];
  readonly #request: ClientRequest;
  #response: IncomingMessage | null = null;
  #paused = false;
  readonly #begun: Promise<void>;

  /** `client` is sent as User-Agent, and so stands in the entry. */
  constructor(url: string, path: string, client = 'download') {
    this.path = path;
    this.#request = get(url + path, { agent: false, headers: { 'user-agent': client } });
    let begin = () => {};
    this.#begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#request.on('response', (response) => {
        this.#response = response;
        this.status = response.statusCode ?? null;
        this.entry = String(response.headers['x-sallyport-entry'] ?? '') || null;
        this.localPort = response.socket.localPort ?? null;
        const length = response.headers['content-length'];
        this.length = length === undefined ? null : Number(length);
        response.on('data', (piece: Buffer) => {
          this.#pieces.push(piece);
          begin();
        });
        if (this.#paused) response.pause();
        response.on('error', () => {});
        response.on('close', () => {
          this.complete = response.complete;
          begin();
          resolve(this);
        });
      });
      this.#request.on('error', () => {});
      this.#request.on('close', () => {
        if (this.#response) return;
        begin();
        resolve(this);
      });
    });
  }

  /** The bytes of the body that have arrived. */
  get body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** `code` of a problem's JSON; null where the body is none. */
  get code(): string | null {
    try {
      const problem: unknown = JSON.parse(this.body.toString());
      return typeof problem === 'object' && problem !== null && 'code' in problem
        ? String(problem.code)
        : null;
    } catch {
      return null;
    }
  }

  /** Resolves when the first byte of the body is here, or the answer has ended without one. */
  begun(): Promise<void> {
    return this.#begun;
  }

  /** Takes nothing more from the connection until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#response?.resume();
  }

  abort(): void {
    this.#request.destroy();
  }
}

/** Asks, and waits for the end of the answer. */
export function download(url: string, path: string, client?: string): Promise<Download> {
  return new Download(url, path, client).ended;
}
