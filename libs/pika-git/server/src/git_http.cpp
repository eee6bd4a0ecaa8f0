// git's smart HTTP (gitprotocol-http(5)): the pack work is git's own, as children with a deadline.
#include <fmt/format.h>

#include <unistd.h>

#include "pika/base/hash.hpp"
#include "pika/base/log.hpp"
#include "pika/base/text.hpp"
#include "pika/gitx/git.hpp"
#include "room.hpp"
#include "router.hpp"

namespace pika::server {

namespace {

constexpr Micros kPackDeadline = 3600 * kSecond;

// "version=2" of the client's Git-Protocol header, when it has the form git gives it.
std::string protocol_of(const http::Request& request) {
  auto value = std::string(request.header("git-protocol"));
  if (value.size() > 100 || value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789=:.-") != std::string::npos)
    return {};
  return value;
}

void no_cache(http::Response& response) {
  response.set("Cache-Control", "no-cache, max-age=0, must-revalidate");
  response.set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT");
}

Error unusable(const store::Repository& r) {
  return {ErrorKind::unavailable, fmt::format("the folder of {} can't be read", r.full_name()),
          "ask who runs this server to look at its log"};
}

// Runs `git SERVICE --stateless-rpc` with the request's body, its answer streamed out.
http::Response stream_service(std::shared_ptr<http::Request> request, proc::Command command, const std::string& service,
                              std::function<void()> afterwards) {
  http::Response response;
  response.set("Content-Type", fmt::format("application/x-git-{}-result", service));
  no_cache(response);
  response.stream = [request, command = std::move(command), service, afterwards](http::BodyWriter& out) {
    proc::Io io;
    if (request->body_file)
      io.input_fd = request->body_file.get();
    else
      io.input = request->body;
    io.on_output = [&](std::string_view piece) { return out.write(piece); };
    auto outcome = proc::run(command, io);
    if (!outcome.ok())
      log_warning("git", "git {} ended with {}: {}", service, outcome.exit_code, to_utf8(trim(outcome.err)));
    if (afterwards) afterwards();
  };
  return response;
}

std::shared_ptr<http::Request> take(Call& call) {
  return std::make_shared<http::Request>(std::move(call.request));
}

}  // namespace

Result<http::Response> git_refs(Call& call) {
  auto service = std::string(call.request.query_value("service"));
  bool push = service == "git-receive-pack";
  if (!push && service != "git-upload-pack")
    return fail(ErrorKind::invalid, "only git's smart protocol is spoken here", "use git 1.6.6 or newer");
  if (!call.may(push ? Permission::write : Permission::read)) {
    if (call.principal.user)
      return fail(ErrorKind::forbidden, fmt::format("{} may not push here", call.principal.name()),
                  "ask an administrator for the right");
    return fail(ErrorKind::unauthorised, push ? "pushing needs a token" : "reading needs a token",
                "give it as the password; make one with: pika-git token create --user NAME");
  }
  auto r = PIKA_TRY(call.repository());
  if (push) PIKA_TRY(check_room(call.site.layout));
  auto command =
      git::command(call.site.layout.repository(r), {service.substr(4), "--stateless-rpc", "--advertise-refs", "."});
  auto protocol = protocol_of(call.request);
  if (!protocol.empty()) command.env.push_back("GIT_PROTOCOL=" + protocol);
  command.deadline = 120 * kSecond;
  auto outcome = proc::run(command);
  if (!outcome.ok()) {
    log_error("git", "{} of {}: {}{}", service, r.full_name(), outcome.start_error, to_utf8(trim(outcome.err)));
    return std::unexpected(unusable(r));
  }
  http::Response response;
  response.set("Content-Type", fmt::format("application/x-{}-advertisement", service));
  no_cache(response);
  if (push || protocol.find("version=2") == std::string::npos) {
    auto line = fmt::format("# service={}\n", service);
    response.body = fmt::format("{:04x}{}0000", line.size() + 4, line);
  }
  response.body += outcome.out;
  return response;
}

Result<http::Response> git_upload_pack(Call& call) {
  auto r = PIKA_TRY(call.repository());
  auto command = git::command(call.site.layout.repository(r), {"upload-pack", "--stateless-rpc", "."});
  if (auto protocol = protocol_of(call.request); !protocol.empty()) command.env.push_back("GIT_PROTOCOL=" + protocol);
  command.deadline = kPackDeadline;
  return stream_service(take(call), std::move(command), "upload-pack", {});
}

Result<http::Response> git_receive_pack(Call& call) {
  auto r = PIKA_TRY(call.repository());
  PIKA_TRY(check_room(call.site.layout));
  auto id = random_hex(16);
  auto push = std::make_shared<Push>();
  push->repository = r;
  push->user = call.principal.name();
  (*call.site.pushes.lock())[id] = push;
  auto command = git::command(call.site.layout.repository(r),
                              {"-c", "core.hooksPath=" + fs::absolute(call.site.layout.hooks()).string(), "-c",
                               "receive.unpackLimit=100", "receive-pack", "--stateless-rpc", "."});
  command.env.push_back("PIKA_SOCKET=" + fs::absolute(call.site.layout.admin_socket()).string());
  command.env.push_back("PIKA_PUSH=" + id);
  command.deadline = kPackDeadline;
  auto& site = call.site;
  return stream_service(take(call), std::move(command), "receive-pack", [&site, id, push] {
    site.pushes.lock()->erase(id);
    // Whatever the hook did not tell (it was killed) is recorded here; recording twice changes nothing.
    if (!push->recorded && !push->accepted.empty()) {
      try {
        site.review->record_push(push->repository, push->accepted, push->options, push->user);
      } catch (const std::exception& e) {
        log_error("git", "recording a push to {}: {}", push->repository.full_name(), e.what());
      }
    }
  });
}

}  // namespace pika::server
