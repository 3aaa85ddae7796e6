// Colours for a person at a terminal, none for a file or a pipe.
import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** NO_COLOR wins over FORCE_COLOR; without either a terminal gets colours. */
export function terminalColors(): Colors {
  const wanted = process.stdout.isTTY === true || Boolean(process.env.FORCE_COLOR);
  return picocolors.createColors(wanted && !process.env.NO_COLOR);
}
