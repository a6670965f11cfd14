/** What an installation finds on the device. */

/** A file or folder that is there. */
export interface Entry {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a small file. */
  readonly text: string | null;
  readonly changedAtSeconds: number;
}

/** One unit, as systemd sees it. */
export interface UnitState {
  readonly enabled: boolean;
  readonly active: boolean;
  /** Its file changed after systemd had read it. */
  readonly needsReload: boolean;
  readonly activeSinceSeconds: number | null;
}

/** What the service manager says. */
export interface Services {
  readonly agent: UnitState;
  readonly podmanSocket: UnitState;
  /** True where the user's services run without a login; of no meaning for root. */
  readonly lingers: boolean;
}

/** What is there already. */
export interface Found {
  /** Null where there is nothing at this path. */
  readonly entry: (path: string) => Entry | null;
  /** Null where no systemd runs that could be asked. */
  readonly services: Services | null;
}
