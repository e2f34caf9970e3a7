#include "journal_view.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <system_error>

namespace dynamigrate::cli {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kPrivate = 0700;

void link_run(const fs::path& run, const fs::path& view) {
    base::create_directories(view, kPrivate);
    for (const fs::directory_entry& file : fs::directory_iterator(run)) {
        if (file.is_regular_file()) {
            fs::create_symlink(fs::absolute(file.path()), view / file.path().filename());
        }
    }
}

}  // namespace

void link_journals(const fs::path& journals, const fs::path& view) {
    base::create_directories(view, kPrivate);
    if (!fs::is_directory(journals)) {
        return;
    }
    try {
        for (const fs::directory_entry& run : fs::directory_iterator(journals)) {
            if (run.is_directory() && run.path().filename() != "spool") {
                link_run(run.path(), view / run.path().filename());
            }
        }
    } catch (const fs::filesystem_error& error) {
        throw base::Error(base::ErrorKind::unavailable,
                          "cannot read the journals for the dry run: " + error.code().message())
            .at(error.path1().string());
    }
}

}  // namespace dynamigrate::cli
