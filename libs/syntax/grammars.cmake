# tree-sitter's C core and the grammars, from npm, compiled here as C with none of our warning flags: about 16 CPU-s
# in all on one core. Never committed; PIKA_NODE_MODULES says where they are.
set(core ${PIKA_NODE_MODULES}/tree-sitter/vendor/tree-sitter/lib)
set(grammar_sources)
foreach(grammar tree-sitter-c tree-sitter-cpp tree-sitter-python tree-sitter-rust tree-sitter-go tree-sitter-java
                tree-sitter-javascript tree-sitter-typescript/typescript tree-sitter-typescript/tsx tree-sitter-bash
                tree-sitter-json @tree-sitter-grammars/tree-sitter-toml)
  set(folder ${PIKA_NODE_MODULES}/${grammar}/src)
  foreach(name parser.c scanner.c)
    if(EXISTS ${folder}/${name})
      list(APPEND grammar_sources ${folder}/${name})
      set_source_files_properties(${folder}/${name} PROPERTIES COMPILE_OPTIONS "-I${folder}")
    endif()
  endforeach()
endforeach()

add_library(tree-sitter STATIC ${core}/src/lib.c ${grammar_sources})
target_include_directories(tree-sitter SYSTEM PUBLIC ${core}/include)
target_include_directories(tree-sitter PRIVATE ${core}/src)
target_compile_options(tree-sitter PRIVATE -w -O1 -g0)
# It calls the grammars' scanners by pointers of another type, which C programs commonly do and UBSan's check of
# function types ends.
if(PIKA_SANITIZE)
  target_compile_options(tree-sitter PRIVATE -fno-sanitize=function)
endif()
target_compile_definitions(tree-sitter PRIVATE _POSIX_C_SOURCE=200112L _DEFAULT_SOURCE)
set_target_properties(tree-sitter PROPERTIES C_STANDARD 11)
