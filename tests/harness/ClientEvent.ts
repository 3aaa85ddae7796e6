// What a client did, and what it was told, one after the other: for whoever writes it down.

export type ClientEvent =
  | {
      readonly op: 'send';
      readonly room: string;
      readonly id: string;
      readonly text: string;
      /** How often it was sent, this time included. */
      readonly attempt: number;
    }
  | {
      readonly op: 'ack';
      readonly room: string;
      readonly id: string;
      readonly seq: number;
      readonly node: string;
    }
  /** Refused for good: this sending wrote nothing. */
  | { readonly op: 'fail'; readonly room: string; readonly id: string; readonly code: string }
  /** What became of this sending is not known. */
  | { readonly op: 'unknown'; readonly room: string; readonly id: string }
  | { readonly op: 'connected'; readonly node: string; readonly session: string }
  | { readonly op: 'disconnected'; readonly code: number }
  /** `since` is what it asked for, `from` and `to` what it got: null when there was nothing. */
  | {
      readonly op: 'joined';
      readonly room: string;
      readonly since: number | null;
      readonly head: number;
      readonly recovered: boolean;
      readonly from: number | null;
      readonly to: number | null;
    }
  | {
      readonly op: 'message';
      readonly room: string;
      readonly seq: number;
      readonly id: string;
      readonly from: string;
      readonly text: string;
    };
