// Loaded before a client: no connection leaves this machine, whatever a library would like to tell its makers.
import net from "node:net";

const HERE = new Set(["127.0.0.1", "localhost", "::1"]);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const given = Array.isArray(args[0]) ? args[0][0] : args[0];
  const host = typeof given === "object" ? (given.host ?? (given.path ? "localhost" : "127.0.0.1")) : args[1];
  if (!HERE.has(host ?? "localhost")) {
    console.error(`tried to reach ${host}`);
    process.exit(99);
  }
  return connect.apply(this, args);
};
