/** What `systemctl show` says of a unit, as it prints it. */
import { expect, test } from "vitest";
import { unitState } from "./look.ts";

test.each([
  [
    "runs and is enabled",
    "ActiveState=active\nActiveEnterTimestamp=@1764321000\nUnitFileState=enabled\nNeedDaemonReload=no\n",
    { enabled: true, active: true, needsReload: false, activeSinceSeconds: 1_764_321_000 },
  ],
  [
    "waits for its next start",
    "ActiveState=activating\nActiveEnterTimestamp=\nUnitFileState=disabled\nNeedDaemonReload=yes\n",
    { enabled: false, active: false, needsReload: true, activeSinceSeconds: null },
  ],
  [
    "does not exist",
    "ActiveState=inactive\nActiveEnterTimestamp=\nUnitFileState=\nNeedDaemonReload=no\n",
    { enabled: false, active: false, needsReload: false, activeSinceSeconds: null },
  ],
])("a unit that %s is seen as that", (_what, shown, state) => {
  expect(unitState(shown)).toEqual(state);
});
