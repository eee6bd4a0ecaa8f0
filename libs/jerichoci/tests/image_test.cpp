// Images and named root filesystems: what is unpacked, what is refused, and jobs that run in them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "engine_support.hpp"
#include "exec/oci.hpp"
#include "image/layer.hpp"
#include "image/layout.hpp"
#include "image/root_store.hpp"
#include "jerichoci/testing/image_fixture.hpp"
#include "pika/base/hash.hpp"

using namespace jerichoci;
using namespace jerichoci::test;
using jerichoci::testing::busybox_layer;
using jerichoci::testing::TarFixture;
using jerichoci::testing::write_image_layout;
using pika::UniqueFd;

namespace {

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& bytes) {
  std::string out(::ZSTD_compressBound(bytes.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

// A folder with layers put onto it, below a parent that must stay empty but for it.
struct Unpacked {
  pika::TempDir parent{"jci-layer-"};
  fs::path root = parent.path() / "root";
  Unpacked() { fs::create_directory(root); }
  pika::Status apply(const std::string& layer, const LayerLimits& limits = {}) {
    UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto source = unpack_bytes(layer);
    return apply_layer(*source, fd.get(), limits);
  }
  std::string text(const std::string& name) { return *pika::read_file(root / name); }
  bool has(const std::string& name) { return fs::exists(fs::symlink_status(root / name)); }
  bool escaped() { return std::distance(fs::directory_iterator(parent.path()), fs::directory_iterator()) != 1; }
};

}  // namespace

TEST_CASE("layers: files, modes, links, and what a later layer hides") {
  for (auto pack : {+[](const std::string& b) { return b; }, &gzip, &zstd}) {
    Unpacked u;
    CHECK(u.apply(pack(TarFixture()
                           .folder("usr")
                           .folder("usr/lib")
                           .link("lib", "usr/lib")
                           .file("lib/a", "a", 04755)
                           .file("./usr/lib/b", "b")
                           .entry('1', "usr/hard", "usr/lib/b")
                           .folder("etc")
                           .file("etc/one", "1")
                           .file("etc/two", "2")
                           .folder("opt")
                           .file("opt/old", "old")
                           .bytes()))
              .has_value());
    CHECK(u.text("usr/lib/a") == "a");  // through the link, within the root
    struct stat st{};
    ::lstat((u.root / "usr/lib/a").c_str(), &st);
    CHECK((st.st_mode & 07777) == 0755);
    CHECK(fs::hard_link_count(u.root / "usr/hard") == 2);
    CHECK(u.apply(pack(TarFixture()
                           .file("etc/.wh.one", "")
                           .file("opt/new", "new")
                           .file("opt/.wh..wh..opq", "")
                           .file("etc/two", "changed")
                           .file("lib/a", "new a")
                           .bytes()))
              .has_value());
    CHECK(!u.has("etc/one"));
    CHECK(u.text("etc/two") == "changed");
    CHECK(!u.has("opt/old"));
    CHECK(u.text("opt/new") == "new");
    CHECK(!u.has("opt/.wh..wh..opq"));
    CHECK(u.text("usr/lib/a") == "new a");
    CHECK(!u.escaped());
  }
}

TEST_CASE("hostile layers are refused or stay inside: .., absolute names, links out, devices, lies about sizes") {
  auto refused = [](const TarFixture& tar) {
    Unpacked u;
    bool good = u.apply(tar.bytes()).has_value();
    CHECK(!u.escaped());
    return !good;
  };
  CHECK(refused(TarFixture().file("../out", "x")));
  CHECK(refused(TarFixture().file("a/../../out", "x")));
  CHECK(refused(TarFixture().file("/etc/out", "x")));
  CHECK(refused(TarFixture().entry('3', "dev/null")));
  CHECK(refused(TarFixture().entry('4', "disk")));
  CHECK(refused(TarFixture().entry('6', "pipe")));
  CHECK(refused(TarFixture().entry('1', "shadow", "../../etc/passwd")));
  CHECK(refused(TarFixture().entry('1', "shadow", "/etc/passwd")));
  CHECK(refused(TarFixture().entry('1', "shadow", "no-such")));
  CHECK(refused(TarFixture().entry('Z', "what")));
  CHECK(refused(TarFixture().file(".wh...", "")));
  CHECK(refused(TarFixture().entry('x', "pax", {}, "9999 path=x\n")));
  CHECK(refused(TarFixture().entry('x', "pax", {}, "16 path=../out2\n").file("a", "x")));
  // Links that lead out end inside: / is the root.
  auto above = TarFixture().link("up", "../../..").file("up/in", "x").bytes();
  Unpacked u;
  CHECK(u.apply(above).has_value());
  CHECK(u.text("in") == "x");
  CHECK(u.apply(TarFixture().link("tmp", "/tmp").file("tmp/jericho-escaped", "x").bytes()).has_value() ==
        u.has("tmp/jericho-escaped"));
  CHECK(!fs::exists("/tmp/jericho-escaped"));
  // A file is written where a link stood, never through it.
  CHECK(u.apply(TarFixture().link("passwd", "/etc/passwd").file("passwd", "mine").bytes()).has_value());
  CHECK(u.text("passwd") == "mine");
  CHECK(
      u.apply(TarFixture().file("big", std::string(5000, 'x')).bytes(), {.bytes = 4000, .entries = 10}).error().kind ==
      pika::ErrorKind::too_large);
  CHECK(!u.escaped());
}

TEST_CASE("a layer that is cut anywhere, or whose packing is broken, is an error and never a hang") {
  auto tar = TarFixture()
                 .folder("a")
                 .file("a/b", std::string(700, 'x'))
                 .entry('L', "././@LongLink", {}, "long")
                 .file("l", "y")
                 .bytes();
  for (std::size_t size = 0; size < tar.size() - 1024; size += 37) {
    Unpacked u;
    CHECK(!u.apply(tar.substr(0, size)).has_value());
  }
  for (auto packed : {gzip(tar), zstd(tar)}) {
    for (std::size_t size = 5; size < packed.size(); size += 11) {
      Unpacked u;
      CHECK(!u.apply(packed.substr(0, size)).has_value());
    }
    packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
    Unpacked u;
    (void)u.apply(packed);  // whatever comes out of it stays inside
    CHECK(!u.escaped());
  }
}

TEST_CASE("a layout is read by digest: another content, another machine, several images are refused") {
  pika::TempDir folder("jci-layout-");
  auto layout = folder.path() / "image";
  auto layer = TarFixture().file("hello", "hi").bytes();
  write_image_layout(layout, {layer}, {"FROM_IMAGE=yes"});
  CHECK(is_layout(layout));
  auto image = read_layout(layout);
  REQUIRE(image.has_value());
  CHECK(image->layers == std::vector<std::string>{"sha256:" + pika::sha256_hex(layer)});
  CHECK(image->env == std::vector<std::pair<std::string, std::string>>{{"FROM_IMAGE", "yes"}});
  RootStore store(folder.path() / "state");
  auto root = store.ensure(layout);
  REQUIRE(root.has_value());
  CHECK(*pika::read_file(root->folder / "hello") == "hi");
  CHECK(root->digest == "sha256:" + image->digest);
  // Another content under a blob's name.
  auto other = folder.path() / "other";
  write_image_layout(other, {layer});
  pika::write_file_atomic(other / "blobs/sha256" / pika::sha256_hex(layer), layer + "x");
  auto broken = store.ensure(other);
  REQUIRE(!broken.has_value());
  CHECK(broken.error().what.find("another content") != std::string::npos);
  for (const auto& entry : fs::directory_iterator(folder.path() / "state/images"))
    CHECK(!entry.path().filename().string().starts_with(".new-"));
  for (auto* index : {"", "{}", "[]", "{\"manifests\":[]}", "{\"manifests\":[{\"digest\":\"sha256:../../x\"}]}",
                      "{\"manifests\":[{\"digest\":\"md5:00\"}]}"}) {
    pika::write_file_atomic(other / "index.json", index);
    CHECK_MESSAGE(!read_layout(other).has_value(), index);
  }
}

TEST_CASE("a folder's digest follows its names, modes and bytes, and is looked up while nothing changed") {
  pika::TempDir folder("jci-root-");
  auto root = folder.path() / "root";
  fs::create_directories(root / "a");
  pika::write_file_atomic(root / "a/f", "1");
  RootStore store(folder.path() / "state");
  auto first = store.ensure(root)->digest;
  CHECK(store.ensure(root)->digest == first);
  pika::write_file_atomic(root / "a/f", "2");
  auto second = store.ensure(root)->digest;
  CHECK(second != first);
  pika::write_file_atomic(root / "a/f", "1");
  CHECK(store.ensure(root)->digest == first);
  ::chmod((root / "a/f").c_str(), 0600);
  CHECK(store.ensure(root)->digest != first);
  CHECK(!store.ensure(folder.path() / "no").has_value());
  auto host = store.ensure("/.");
  REQUIRE(!host.has_value());
  CHECK(host.error().what == "the host's own / is no root filesystem for jobs");
}

TEST_CASE("a job sees its named root read-only with workspace, home and caches on top, and the record has its digest") {
  auto layer = busybox_layer();
  if (layer.empty()) {
    MESSAGE("skipped: no busybox-static");
    return;
  }
  pika::TempDir folder("jci-image-");
  ::chmod(folder.path().c_str(), 0755);
  auto layout = folder.path() / "image";
  write_image_layout(layout, {layer, TarFixture().file("etc/marker", "of the image\n").bytes()},
                     {"FROM_IMAGE=yes", "HOME=/no"});
  TestEngine engine({.roots = {{"tools", layout}}});
  for (auto runtime : {Runtime::sandbox, Runtime::oci}) {
    if (runtime == Runtime::oci && !has_oci_runtime()) {
      MESSAGE("skipped: no OCI runtime");
      continue;
    }
    auto job =
        shell_job("test",
                  "cat /etc/marker hello.txt; echo $FROM_IMAGE $HOME; touch /etc/x /x 2>/dev/null && echo WROTE; "
                  "echo kept > $PIKA_CACHE_C/f; touch $HOME/h /tmp/t new && echo fine; ls /usr; exit 3");
    job.runtime = runtime;
    job.root = "tools";
    job.caches = {"c"};
    auto ran = run_one(*engine, job);
    CHECK_MESSAGE(ran.logs["test"] == "of the image\nhello\nyes /tmp/home\nfine\nbin\n", ran.logs["test"]);
    CHECK_MESSAGE(ran.record.jobs[0].exit_code == 3, ran.record.jobs[0].message);
    CHECK(ran.record.jobs[0].environment.root_digest == "sha256:" + read_layout(layout)->digest);
    // The image names another user and a folder that is not there: neither is followed.
    job.command = {"/bin/sh", "-c", "test $(id -u) != 4711 && test $PWD = $PIKA_WORKSPACE"};
    CHECK(run_one(*engine, job).record.status == Status::passed);
    job.command = {"no-such-program"};
    CHECK(run_one(*engine, job).record.failure == FailureKind::setup_failed);
    CHECK(leftovers(engine.root()).empty());
  }
  auto job = shell_job("test", "true");
  job.root = "unknown";
  CHECK(run_one(*engine, job).record.failure == FailureKind::setup_failed);
}

TEST_CASE("a job of an image has the bound of a file's size that its identity has") {
  OciSpec spec;
  spec.job.command = {"true"};
  auto limits = [&] {
    auto config = oci_config(spec);
    return pika::json::print(*pika::json::find(*pika::json::find(config, "process"), "rlimits"));
  };
  CHECK(limits() == "[]");
  spec.job.identity.file_bytes = 4096;
  auto said = limits();
  CHECK_MESSAGE(said.find("\"RLIMIT_FSIZE\"") != std::string::npos, said);
  CHECK_MESSAGE(said.find("\"hard\":4096") != std::string::npos, said);
}
