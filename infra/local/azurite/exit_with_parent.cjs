// Preloaded into Azurite. Its stdin is a pipe that only the process which started it holds open: when
// that process ends, even by SIGKILL, the pipe ends, and Azurite shuts down and saves as on SIGTERM.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
process.stdin.unref();
