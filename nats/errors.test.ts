import { errors } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";
import { NatsFailure, adviceFor, jetStreamFailure, toNatsFailure } from "./errors.ts";

describe("an error of JetStream", () => {
  test.each([
    [10071, 400, "conflict"],
    [10164, 400, "conflict"],
    [10059, 404, "wait"],
    [10008, 503, "retry"],
    [10039, 503, "person"],
    [10054, 400, "person"],
    [10077, 503, "person"],
    [99_999, 503, "retry"],
    [99_999, 400, "person"],
    [10_167, 429, "retry"],
  ] as const)("with the code %i (status %i) means: %s", (code, status, advice) => {
    expect(adviceFor(code, status)).toBe(advice);
  });

  test("says what to do next, and keeps its code", () => {
    const failure = jetStreamFailure({ code: 503, err_code: 10076, description: "JetStream not enabled" }, "read a");
    expect(failure.message).toBe(
      "could not read a: JetStream not enabled (10076); start nats-server with JetStream (-js, or jetstream {} in its configuration)",
    );
    expect(failure.code).toBe(10076);
  });
});

describe("an error of the client library", () => {
  test("is sorted by its kind, also where it is the cause of another", () => {
    const advice = (error: unknown) => toNatsFailure(error, "read a").advice;
    expect(advice(new errors.TimeoutError())).toBe("retry");
    expect(advice(new errors.NoRespondersError("a"))).toBe("wait");
    expect(advice(new errors.RequestError("x", { cause: new errors.NoRespondersError("a") }))).toBe("wait");
    const refused = new errors.PermissionViolationError("no", "publish", "secret.subject");
    expect(advice(new errors.RequestError("x", { cause: refused }))).toBe("person");
    expect(toNatsFailure(refused, "read a").message).toContain("secret.subject");
    expect(advice(new errors.AuthorizationError("no"))).toBe("person");
    expect(advice("nonsense")).toBe("retry");
  });

  test("that is sorted already stays as it is", () => {
    const failure = new NatsFailure("x", "wait");
    expect(toNatsFailure(failure, "read a")).toBe(failure);
  });
});
