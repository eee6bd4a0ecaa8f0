// Cases about what goes into a job and comes out of it: secrets, artifacts.
#include <fmt/format.h>

#include <algorithm>

#include "pika/base/fd.hpp"
#include "pika/base/files.hpp"
#include "pika/base/text.hpp"
#include "testing/conformance_case.hpp"

namespace jerichoci::testing {

namespace {

// Every regular file below the engine's state that holds `text`.
std::vector<std::string> files_with(const std::filesystem::path& root, const std::string& text) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator
           at(root, std::filesystem::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error) || at->is_symlink(error)) continue;
    auto bytes = pika::read_file(at->path());
    if (bytes && bytes->find(text) != std::string::npos) found.push_back(at->path());
  }
  return found;
}

void secrets(Case& c) {
  const std::string value = "tok-\"" + c.marker + "/zQ==";
  auto told = c.shell(
      "printf '%s\\n' \"$TOKEN\"; cat \"$TOKEN_FILE\"; echo; printf '%.20s' \"$TOKEN\"; printf '%s\\n' "
      "\"${TOKEN#????????????????????}\"; ls -lL \"$TOKEN_FILE\" | cut -c1-10; [ \"$TOKEN\" = \"$(cat $TOKEN_FILE)\" ] "
      "&& echo ${#TOKEN}");
  told.id = "told";
  told.secrets = {{"TOKEN", "TOKEN", false}, {"TOKEN", "TOKEN_FILE", true}};
  auto other = c.shell("env | grep -e TOKEN -e OTHER; cat /run/secrets/* 2>/dev/null; :");
  other.id = "other";
  RunRequest request;
  request.jobs = {told, other};
  request.secrets = {{"TOKEN", value}, {"OTHER", "other-" + c.marker + "-value"}};
  auto ran = c.run(std::move(request));
  c.expect(ran.run.status == Status::passed, "jobs with secrets run", ran);
  c.expect(ran.log.find(fmt::format("\n{}\n", value.size())) != std::string::npos,
           "the value comes whole, by variable and by file", ran);
  c.expect(ran.log.find("\n-r--------\n") != std::string::npos, "the file is for the job's user alone", ran);
  c.expect(ran.log.starts_with("***\n***\n***\n"), "what is printed is masked, in pieces too", ran);
  c.expect(ran.log.find(c.marker) == std::string::npos, "no part of it is in the log", ran);
  auto unseen = c.engine.load_log(ran.run.run_id, "other", 0, 1 << 16);
  c.expect(unseen && unseen->bytes.empty(), "a job that names no secret has none");
  auto kept = files_with(c.setup.scratch / "state", value);
  c.expect(kept.empty(), fmt::format("no file keeps it: {}", fmt::join(kept, ", ")));
}

std::string bytes_of(Engine& engine, const ArtifactRecord& artifact) {
  auto fd = engine.open_artifact(artifact.content);
  if (!fd) return "missing: " + fd.error().what;
  std::string bytes(artifact.bytes + 1, '\0');
  bytes.resize(pika::read_some(fd->get(), bytes.data(), bytes.size()));
  return bytes;
}

void artifacts(Case& c) {
  auto job = c.shell(
      "mkdir -p out/deep && printf 'made \\377\\n' > out/deep/a && cp out/deep/a out/b && echo no > left && "
      "echo more >> hello.txt && ln -s /etc/passwd out/link && ln -s /etc out/folder && mkfifo out/fifo");
  job.artifacts = ArtifactSpec{.globs = {"out/", "hello.txt", "folder/inner.txt"}};
  auto ran = c.run(job);
  c.expect(ran.job.status == Status::passed, "the job passes", ran);
  std::string listed;
  for (const auto& artifact : ran.job.artifacts)
    listed += fmt::format("{}={};", artifact.path, bytes_of(c.engine, artifact));
  c.expect(listed.find("out/deep/a=made \xff\n;") != std::string::npos &&
               listed.find("out/b=made \xff\n;") != std::string::npos,
           "what the globs name is kept with its path and bytes", ran);
  c.expect(listed.find("hello.txt=hello\nmore\n;") != std::string::npos, "a file of the tree as the job left it", ran);
  c.expect(listed.find("folder/inner.txt=inner\n;") != std::string::npos, "and one that it did not touch", ran);
  c.expect(listed.find("root:") == std::string::npos && listed.find("left=") == std::string::npos,
           "nothing else, and nothing that a link leads to", ran);
  auto content = [&](std::string_view path) {
    auto it = std::ranges::find_if(ran.job.artifacts, [&](const auto& a) { return a.path == path; });
    return it == ran.job.artifacts.end() ? std::string(path) : it->content;
  };
  c.expect(content("out/b") == content("out/deep/a"), "one content is kept once", ran);
  job = c.shell("echo begun > out; exit 3");
  job.artifacts = ArtifactSpec{.globs = {"out"}};
  ran = c.run(job);
  c.expect(ran.job.artifacts.size() == 1, "a job that failed leaves its artifacts too", ran);
  job.artifacts->when = ArtifactSpec::When::passed;
  ran = c.run(job);
  c.expect(ran.job.artifacts.empty(), "unless they are for jobs that passed", ran);
}

}  // namespace

std::vector<CaseEntry> data_cases() {
  return {
      {{"secrets", "a secret reaches the job that names it, and nothing that is kept"}, secrets},
      {{"artifacts", "what a job leaves is kept by path and content, and leads nowhere out"}, artifacts},
  };
}

}  // namespace jerichoci::testing
