internal import Glibc
internal import Synchronization

/// One run of a program with something on its standard input. Its output goes where the relay's errors go.
enum ChildProcess {
  /// One start at a time: until it is marked, a pipe's end would be passed on to another thread's child as well.
  private static let starting = Mutex<Void>(())

  static func run(_ words: [String], input: [UInt8], timeout: Duration) throws(CodeSenderError) {
    guard let program = words.first else { return }
    let child = try starting.withLock { _ throws(CodeSenderError) in try start(words, program, input: input) }
    try wait(for: child, program, timeout: timeout)
  }

  private static func start(
    _ words: [String], _ program: String, input: [UInt8]
  ) throws(CodeSenderError) -> pid_t {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .cannotStart(program: program, reason: FileIO.lastReason()) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // Less than a pipe holds, so that this cannot wait for a program that does not read. The reading end is still open
    // here, so nothing signals either.
    let isWritten = FileIO.writeAll(input, to: ends[1])
    close(ends[1])
    defer { close(ends[0]) }
    guard isWritten else { throw .cannotStart(program: program, reason: FileIO.lastReason()) }
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_adddup2(&files, ends[0], 0)
    posix_spawn_file_actions_adddup2(&files, 2, 1)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The program starts with no signal blocked or ignored, whatever this thread has.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, program, &files, &attributes, arguments, environ)
    guard result == 0 else { throw .cannotStart(program: program, reason: String(cString: strerror(result))) }
    return child
  }

  private static func wait(for child: pid_t, _ program: String, timeout: Duration) throws(CodeSenderError) {
    let end = ContinuousClock.now + timeout
    var status: Int32 = 0
    while true {
      let result = waitpid(child, &status, WNOHANG)
      if result == child { break }
      if result < 0, errno != EINTR { throw .cannotStart(program: program, reason: FileIO.lastReason()) }
      if ContinuousClock.now >= end {
        // With whatever it started itself.
        kill(-child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        throw .timedOut(program: program)
      }
      usleep(5_000)
    }
    let signal = status & 0x7F
    let exitStatus = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    guard exitStatus == 0 else { throw .failed(program: program, exitStatus: exitStatus) }
  }
}
