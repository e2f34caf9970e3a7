/// A program of one's own: the whole command line of dynamigrate with the migrations of
/// migrations.cpp built in. It reads the same configuration; migration files in the directory run
/// beside these.
#include <dynamigrate/cli/main.hpp>

int main(int argc, char** argv) { return dynamigrate::cli::main(argc, argv); }
