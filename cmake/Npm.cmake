# Where the packages of third-party/npm/package-lock.json are: PIKA_NODE_MODULES.
#
# script/setup installs them with "npm ci --ignore-scripts --legacy-peer-deps", outside the tree, in a folder named
# by the lock's digest, so that work trees and clean clones share them and a changed lock never meets old packages:
#   /usr/local/lib/pika-node/<first 16 hex digits of the lock's sha256>/node_modules
# third-party/npm/node_modules, where somebody ran npm by hand, comes first.
set(_pika_lock ${PROJECT_SOURCE_DIR}/third-party/npm/package-lock.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_pika_lock})
file(SHA256 ${_pika_lock} _pika_lock_digest)
string(SUBSTRING ${_pika_lock_digest} 0 16 PIKA_NODE_DIGEST)

set(PIKA_NODE_MODULES "")
foreach(folder ${PROJECT_SOURCE_DIR}/third-party/npm/node_modules
               /usr/local/lib/pika-node/${PIKA_NODE_DIGEST}/node_modules)
  if(NOT PIKA_NODE_MODULES AND EXISTS ${folder}/tree-sitter/package.json)
    set(PIKA_NODE_MODULES ${folder})
  endif()
endforeach()
if(NOT PIKA_NODE_MODULES)
  message(FATAL_ERROR
    "The npm packages of third-party/npm/package-lock.json are not installed: neither third-party/npm/node_modules "
    "nor /usr/local/lib/pika-node/${PIKA_NODE_DIGEST}/node_modules is there. Run script/setup.")
endif()
