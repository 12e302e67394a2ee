import type { RunEvent, RunOutcome, RunStartEvent } from './run-event.js';
import type { RunRecord } from './run-record.js';

/** The first event of a process that trains. */
export function startEvent(run: string, record: RunRecord, resumed: boolean): RunStartEvent {
  const { settings, data, parameters, engine, position } = record;
  return {
    event: 'start',
    run,
    model: settings.model,
    parameters,
    data,
    ...engine,
    settings,
    epoch: position.epoch + 1,
    samples: position.samples,
    resumed,
  };
}

/**
 * The last event of a process that trains.
 * @param now path of the report, or why there is none, where one was wanted; and the record of the run.
 */
export function endEvent(
  run: string,
  outcome: RunOutcome,
  {
    report,
    reportError,
    record,
  }: { readonly report?: string; readonly reportError?: string; readonly record: RunRecord },
): RunEvent {
  if (outcome.status === 'done') {
    const { loss, accuracy } = outcome.test;
    const { validation } = record;
    return {
      event: 'end',
      status: 'done',
      run,
      testLoss: loss,
      testAccuracy: accuracy,
      ...(validation && { valLoss: validation.loss, valAccuracy: validation.accuracy }),
      ...(report !== undefined && { report }),
      ...(reportError !== undefined && { reportError }),
    };
  }
  const { epoch, samples } = outcome.position;
  return { event: 'end', status: 'interrupted', run, epoch: epoch + 1, samples };
}
