# Run as a script: cmake -D OUT=file.cpp -D FILES=a;b -P EmbedText.cmake
#   writes a source that holds the files' texts, for authoring's node_files.hpp.
set(source "#include \"node_files.hpp\"\n\nnamespace dynamigrate::authoring {\n\n")
string(APPEND source "std::vector<EmbeddedFile> node_files() {\n    return {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND source "        {\"${name}\", R\"embedded(${text})embedded\"},\n")
endforeach()
string(APPEND source "    };\n}\n\n}  // namespace dynamigrate::authoring\n")
file(WRITE ${OUT} "${source}")
