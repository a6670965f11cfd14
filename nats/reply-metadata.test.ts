import { describe, expect, test } from "vitest";
import { parseReplyMetadata } from "./reply-metadata.ts";

const EXPECTED = { streamSeq: 41, consumerSeq: 7, atUs: 1_795_262_220_315_466, pending: 3 };

describe("the metadata of a delivered message", () => {
  test("is read from the short form of the reply subject", () => {
    expect(parseReplyMetadata("$JS.ACK.KV_fleet.abc.1.41.7.1795262220315466416.3")).toEqual(EXPECTED);
  });

  test("is read from the long form, with and without its random end", () => {
    expect(parseReplyMetadata("$JS.ACK.hub.AB12.KV_fleet.abc.1.41.7.1795262220315466416.3")).toEqual(EXPECTED);
    expect(parseReplyMetadata("$JS.ACK.hub.AB12.KV_fleet.abc.1.41.7.1795262220315466416.3.x9")).toEqual(EXPECTED);
  });

  test.each(["", "_INBOX.abc", "$JS.FC.KV_fleet.abc.x", "$JS.ACK.KV_fleet.abc", "$JS.ACK.a.b.c.d.e.f.g.h"])(
    "is not found in %j",
    (reply) => {
      expect(parseReplyMetadata(reply)).toBeNull();
    },
  );
});
