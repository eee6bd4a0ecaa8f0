#include "signals.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "pika/base/fd.hpp"

namespace {

// The write end of a pipe: all that a signal handler may touch.
std::atomic<int> g_interrupts{-1};
void on_interrupt(int) {
  char one = 1;
  [[maybe_unused]] auto n = ::write(g_interrupts.load(), &one, 1);
}

std::atomic<int> g_resizes{-1};
}  // namespace

void watch_interrupts(const jerichoci::CancelToken& cancel) {
  auto pipe = pika::make_pipe();
  g_interrupts = pipe.write.release();
  std::thread([cancel, read = pipe.read.release()] {
    char byte;
    if (pika::read_some(read, &byte, 1) == 0) return;
    std::cerr << "\npikaci: cancelling; once more kills\n";
    cancel.cancel();
    if (pika::read_some(read, &byte, 1) == 0) return;
    std::cerr << "\npikaci: killing\n";
    cancel.kill();
    if (pika::read_some(read, &byte, 1) == 0) return;
    ::_exit(6);
  }).detach();  // it lives as long as the program and owns nothing but the pipe
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // whoever started us may ignore it
  ::signal(SIGPIPE, SIG_IGN);  // `pikaci run | head` must not end the run
}

int watch_size() {
  auto pipe = pika::make_pipe();
  pika::set_nonblocking(pipe.write.get());
  g_resizes = pipe.write.release();
  struct sigaction action{};
  action.sa_handler = [](int) {
    char one = 1;
    [[maybe_unused]] auto n = ::write(g_resizes.load(), &one, 1);
  };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGWINCH, &action, nullptr);
  return pipe.read.release();  // it lives as long as the program
}
