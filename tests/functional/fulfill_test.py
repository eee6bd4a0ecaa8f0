"""The two programs that hand over a prepared output on other hosts: alone, by files only, against hostile ones."""
import json
import os
import pathlib
import re
import shutil
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
from pikatest import BIN, BUILD, main, run  # noqa: E402

FULFILL, LAUNCH = BIN / "pikaci-fulfill-prepared-output", BIN / "pikaci-launch-fulfill-prepared-output"
EXPOSURE = {"kind": "host_local_symlink_mounts_v1", "path": "mount-0", "access": "read_only"}


class Fulfill(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pika-fulfill-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("job/deep", "store/out", "near", "outside"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "job/deep/kept").write_text("kept")
        (self.folder / "job/file").write_text("file")
        (self.folder / "job/link").symlink_to(self.folder / "outside")
        self.result = self.folder / "near/result.json"

    def request(self, **fields):
        request = {"schema_version": 1, "node_id": "deps", "installable": "", "output_name": "out", "protocol": "prepared_store_v1", "residency": "remote",
                   "realized_path": str(self.folder / "store/out"), "job_folder": str(self.folder / "job"), "requested_exposures": [EXPOSURE], **fields}
        path = self.folder / "near/request.json"
        path.write_text(json.dumps(request))
        return path

    def tree(self):
        return sorted((str(p.relative_to(self.folder)), p.is_symlink() and os.readlink(p)) for p in self.folder.rglob("*") if "near" not in p.parts)

    def test_it_makes_the_symlink_and_says_so_in_a_file_or_on_its_output(self):
        answer = run(FULFILL, "--result-path", self.result, self.request())
        self.assertEqual(answer.stdout, "")
        result = json.loads(self.result.read_text())
        self.assertEqual(result, {"schema_version": 1, "request_path": str(self.folder / "near/request.json"), "node_id": "deps", "output_name": "out",
                                  "realized_path": str(self.folder / "store/out"), "status": "fulfilled", "fulfilled_exposures_count": 1,
                                  "fulfilled_exposures": [EXPOSURE], "error": ""})
        self.assertEqual(os.readlink(self.folder / "job/mount-0"), str(self.folder / "store/out"))
        self.assertEqual(json.loads(run(FULFILL, "request.json", cwd=self.folder / "near").stdout), result)

    def test_a_hostile_request_changes_nothing_and_has_a_result(self):
        before = self.tree()
        hostile = [{"requested_exposures": [{**EXPOSURE, "path": path}]}
                   for path in ("../outside/x", "/etc/x", "deep/../../x", "link/x", "deep", "file", ".", "", "deep/", "none/x", "mount\0x")]
        hostile += [{"requested_exposures": [EXPOSURE, {**EXPOSURE, "path": "file"}]}, {"requested_exposures": [EXPOSURE, EXPOSURE]},
                    {"requested_exposures": [EXPOSURE] * 65}, {"requested_exposures": "mount-0"}, {"requested_exposures": [{**EXPOSURE, "access": "read_write"}]},
                    {"job_folder": str(self.folder / "job/link")}, {"job_folder": "job"}, {"job_folder": str(self.folder / "job/file")},
                    {"realized_path": str(self.folder / "store/../store/out")}, {"realized_path": str(self.folder / "none")}, {"schema_version": 2},
                    {"protocol": "nix_store_path_v1", "realized_path": "/nix/store/../etc"}, {"protocol": "nix_store_path_v1"}, {"surplus": 1}, {"node_id": "../x"}]
        for fields in hostile:
            with self.subTest(fields=fields):
                self.result.unlink(missing_ok=True)
                answer = run(FULFILL, "--result-path", self.result, self.request(**fields), check=False)
                self.assertEqual(answer.returncode, 4, answer.stderr)
                result = json.loads(self.result.read_text())
                self.assertEqual((result["status"], result["fulfilled_exposures_count"]), ("failed", 0))
                self.assertTrue(result["error"])
                self.assertEqual(self.tree(), before)
        for text in ("", "{", "[]", "null", '{"schema_version": 1, "\xff', "[" * 100_000, " " * (1 << 21)):
            path = self.request()
            path.write_text(text)
            self.assertEqual(run(FULFILL, "--result-path", self.result, path, check=False).returncode, 4)
            self.assertEqual(json.loads(self.result.read_text())["status"], "failed")
        for path in (self.folder / "near/none.json", self.folder / "near", "/dev/zero"):
            self.assertEqual(run(FULFILL, "--result-path", self.result, path, check=False).returncode, 4)
        self.assertEqual(self.tree(), before)

    def test_a_result_that_cannot_be_written_is_said_and_leaves_nothing_beside(self):
        answer = run(FULFILL, "--result-path", self.folder / "near/none/result.json", self.request(), check=False)
        self.assertEqual(answer.returncode, 4)
        self.assertIn("could not be written", answer.stderr)
        self.assertEqual(os.listdir(self.folder / "near"), ["request.json"])

    def launch(self, **fields):
        path = self.folder / "near/launch.json"
        path.write_text(json.dumps({"schema_version": 1, "request_path": str(self.request()), "result_path": str(self.result), "program": str(FULFILL), **fields}))
        return run(LAUNCH, path, check=False)

    def test_the_launcher_starts_the_helper_and_nothing_else(self):
        self.assertEqual(self.launch().returncode, 0)
        self.assertEqual(json.loads(self.result.read_text())["status"], "fulfilled")
        for program in ("/bin/sh", "/none/pikaci-fulfill-prepared-output", "pikaci-fulfill-prepared-output", str(self.folder / "near")):
            with self.subTest(program=program):
                self.assertEqual(self.launch(program=program).returncode, 4)
        self.assertEqual(self.launch(program="/bin/sh").returncode, 4)
        self.assertIn("no other one is started", json.loads(self.result.read_text())["error"])
        precious = self.folder / "near/precious"
        precious.write_text("precious")
        self.assertEqual(self.launch(result_path=str(precious)).returncode, 4)
        self.assertEqual(precious.read_text(), "precious")

    def test_arguments(self):
        for program, word in ((FULFILL, "REQUEST"), (LAUNCH, "LAUNCH")):
            answer = run(program, check=False)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(word, answer.stderr)
            self.assertEqual(run(program, "--nonsense", check=False).returncode, 2)
            self.assertIn("Exit codes: 0 fulfilled", run(program, "--help").stdout)
            self.assertIn(program.name, run(program, "--version").stdout)

    def test_each_is_one_file_without_shared_libraries(self):
        cache = (BUILD / "CMakeCache.txt").read_text()
        if re.search(r"^(PIKA_SANITIZE:\w+=.+|BUILD_SHARED_LIBS:\w+=ON|PIKA_FUZZ:\w+=ON)$", cache, re.M):
            self.skipTest("this build has no static programs")
        for program in (FULFILL, LAUNCH):
            with open(program, "rb") as file:
                head = file.read(64)
                start, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
                file.seek(start)
                kinds = {struct.unpack("<I", file.read(size)[:4])[0] for _ in range(count)}
            self.assertNotIn(3, kinds, f"{program} names an interpreter")  # PT_INTERP


if __name__ == "__main__":
    main()
