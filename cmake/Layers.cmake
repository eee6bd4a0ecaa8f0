# Which library may use which: the one place where it is decided.
#
# Each line is "<library>: <libraries it may use directly>". pika_library() and pika_app() refuse
# anything that is not listed, script/check-layers holds the #include lines against the same table,
# and the `layers` preset links every library as a shared object with no undefined symbol allowed,
# so that a static library cannot hide a dependency it does not declare.
set(PIKA_LAYERS
  "base:"
  "proc: base"
  "db: base"
  "json: base"
  "toml: base"
  "yaml: base"
  "http: base"
  "syntax: base"
  "filter: base"
  "invariants: base proc filter toml json gitx"
  "manual: base"
  "gitx: base proc"
  "jerichoci: base proc json gitx"
  "pikaci: base filter proc json toml yaml gitx jerichoci"
  "forge-model: base json"
  "runner: base proc json gitx jerichoci pikaci forge-model"
  "ph: base json http gitx proc forge-model"
  "pika-git-domain: base json jerichoci"
  "pika-git-store: base db json jerichoci pika-git-domain"
  "pika-git-explain: base filter json gitx syntax"
  "pika-git-model: base json gitx pika-git-explain"
  "pika-git-provider: base json http gitx pika-git-explain pika-git-model"
  "pika-git-web: base json http gitx pika-git-domain pika-git-explain"
  "pika-git-forge: base proc json http gitx jerichoci pikaci forge-model pika-git-domain pika-git-store pika-git-explain pika-git-model pika-git-provider"
  "pika-git-server: base proc json toml http gitx forge-model pikaci pika-git-domain pika-git-store pika-git-explain pika-git-model pika-git-provider pika-git-forge pika-git-web"
  # programs
  "app-pika-git: base proc json gitx http pika-git-domain pika-git-store pika-git-explain pika-git-model pika-git-provider pika-git-forge pika-git-web pika-git-server manual"
  "app-pika-runner: base runner"
  "app-pikaci: base jerichoci pikaci json gitx proc manual"
  "app-pikaci-fulfill-prepared-output: base json jerichoci manual"
  "app-pikaci-launch-fulfill-prepared-output: base json jerichoci manual"
  "app-ph: base ph manual"
  "app-pika-invariants: base invariants pika-git-provider manual"
  "app-jericho-bench: base json jerichoci"
  "app-jericho-conformance: base jerichoci"
)

# Third-party headers and the one library that may include each. The value is a list of
# "<regular expression of the include path>=<library>"; an app's main.cpp may include CLI11.
set(PIKA_THIRD_PARTY
  "^boost/json=json"
  "^boost/(asio|beast)=http"
  "^boost/url=http"
  "^toml\\+\\+=toml"
  "^yaml\\.h=yaml"
  "^tree_sitter/=syntax"
  "^seccomp\\.h=jerichoci"
  "^zstd\\.h=jerichoci"
  "^sqlite3\\.h=db"
  "^git2=gitx"
  "^zstd\\.h=jerichoci"
  "^curl/=http"
  "^cmark-gfm=pika-git-web"
  "^openssl/=base"
  "^CLI/=app"
)
