import type { HostMessage, WorkerMessage } from './messages.js';
import type { WorkerConnection, WorkerHost } from './worker-host.js';

/** A request that a replica could not fulfil. */
export class ReplicaFailure extends Error {
  /** Whether the replica only stopped because another had failed. */
  readonly aborted: boolean;
  /** Whether the worker itself is gone. */
  readonly died: boolean;

  constructor(message: string, aborted: boolean, died: boolean) {
    super(message);
    this.name = 'ReplicaFailure';
    this.aborted = aborted;
    this.died = died;
  }
}

interface Waiting {
  resolve(message: WorkerMessage): void;
  reject(error: ReplicaFailure): void;
}

/** The host's view of one replica: a question, an answer, one at a time. */
export class ReplicaClient {
  readonly #connection: WorkerConnection;
  readonly #onDeath: () => void;
  #waiting: Waiting | undefined;
  #death: string | undefined;

  /** @param onDeath is called at once when the worker dies. */
  constructor(host: WorkerHost, index: number, onDeath: () => void) {
    this.#onDeath = onDeath;
    this.#connection = host.spawn(index, {
      message: (message) => this.#settle(message),
      failure: (reason) => this.#die(reason),
    });
    this.#connection.hold(false);
  }

  /** Sends a message and waits for its answer. @throws ReplicaFailure */
  request(message: HostMessage): Promise<WorkerMessage> {
    if (this.#death !== undefined) {
      return Promise.reject(new ReplicaFailure(this.#death, false, true));
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#connection.hold(true);
      this.#connection.post(message);
    });
  }

  /** Sends a message that has no answer. */
  tell(message: HostMessage): void {
    if (this.#death === undefined) this.#connection.post(message);
  }

  /** Lets the worker finish and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#death === undefined) {
      await this.request({ type: 'stop' }).catch(() => undefined);
    }
    this.#connection.hold(true);
    await this.#connection.close();
  }

  #settle(message: WorkerMessage): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#connection.hold(false);
    if (message.type === 'failed') {
      waiting.reject(new ReplicaFailure(message.message, message.aborted, false));
    } else {
      waiting.resolve(message);
    }
  }

  #die(reason: string): void {
    if (this.#death !== undefined) return;
    this.#death = reason;
    this.#onDeath();
    this.#waiting?.reject(new ReplicaFailure(reason, false, true));
    this.#waiting = undefined;
    this.#connection.hold(false);
  }
}
