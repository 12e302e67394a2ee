import type { HostMessage, WorkerMessage } from './messages.js';

/** What the owner of a worker wants to hear. */
export interface WorkerEvents {
  message(message: WorkerMessage): void;
  /** The worker died or threw outside any request; it will not answer again. */
  failure(reason: string): void;
}

/** A running worker, seen from the host. */
export interface WorkerConnection {
  post(message: HostMessage): void;
  /** Whether the program must stay alive for this worker: true while an answer is awaited. */
  hold(waiting: boolean): void;
  /** Ends a worker that has answered `stop`, or that failed; resolves when it is gone. */
  close(): Promise<void>;
}

/** Starts workers: the only thing in which Node and the browser differ for the host. */
export interface WorkerHost {
  spawn(index: number, events: WorkerEvents): WorkerConnection;
}

/** The other end: what a worker needs to serve its host. */
export interface WorkerPort {
  post(message: WorkerMessage): void;
  listen(receive: (message: HostMessage) => void): void;
  /** Stops listening, after which the worker may end. */
  close(): void;
}
