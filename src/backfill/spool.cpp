#include "spool.hpp"

#include "page_time.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <thread>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t kMaxPageKeys = 1000;

}  // namespace

Spool::Spool(const Plan& plan, const Surroundings& surroundings, std::uint32_t records_step,
             std::uint32_t total_segments)
    : plan_(plan),
      surroundings_(surroundings),
      directory_(surroundings.spool_directory / plan.run /
                 ("spool-" + std::to_string(records_step))),
      total_(total_segments) {}

std::filesystem::path Spool::file(std::uint32_t segment) const {
    return directory_ / ("segment-" + std::to_string(segment) + ".ndjson");
}

bool Spool::fill(SharedRun& run, bool has_begun) {
    const std::filesystem::path complete = directory_ / "complete";
    if (std::filesystem::exists(complete)) {
        return true;
    }
    if (has_begun) {
        throw Error(ErrorKind::failed_precondition,
                    "the keys spooled when this run began are not here; resume it on the machine "
                    "where they lie, or undo it")
            .at("spool " + directory_.string());
    }
    base::create_directories(directory_, 0700);
    std::atomic<std::uint32_t> next{0};
    std::atomic<bool> is_whole{true};
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t lane = 0; lane < std::min(plan_.lanes, total_); ++lane) {
            threads.emplace_back([&] {
                try {
                    for (std::uint32_t segment = next++; segment < total_; segment = next++) {
                        if (!std::filesystem::exists(file(segment)) &&
                            !fill_segment(run, segment)) {
                            is_whole = false;
                        }
                    }
                } catch (const std::exception&) {
                    run.fail(std::current_exception());
                }
            });
        }
    }
    run.rethrow_failure();
    if (is_whole) {
        base::write_file_atomically(complete, "", 0600);
    }
    return is_whole;
}

bool Spool::fill_segment(SharedRun& run, std::uint32_t segment) {
    base::Arena filter_arena;
    const expressions::ExpressionText filter = server_filter(plan_, filter_arena);
    SourceReader reader;
    reader.service = surroundings_.service;
    reader.table = &run.source;
    reader.filter = &filter;
    reader.attributes = attributes_of(plan_.key);
    reader.stop_now = run.stop_now;
    std::unique_ptr<PageSource> source;
    if (const auto* query = std::get_if<QuerySource>(&plan_.source)) {
        source = make_query(reader, *query);
    } else {
        source = make_scan(reader, std::get<ScanSource>(plan_.source).index, segment, total_);
    }
    std::filesystem::path part = file(segment);
    part += ".part";
    std::filesystem::remove(part);
    {
        base::AppendFile out(part);
        base::Arena arena;
        std::vector<dynamodb::Item> items;
        std::string position;
        std::string lines;
        PageTime page_time(surroundings_.pace, std::min(plan_.lanes, total_));
        bool has_more = true;
        while (has_more) {
            if (run.should_stop()) {
                return false;
            }
            arena.reset();
            items.clear();
            lines.clear();
            const base::SteadyTime begun = surroundings_.clock->steady_now();
            has_more = source->read(std::min(kMaxPageKeys, page_time.fitting_items()), position,
                                    arena, items);
            page_time.took(surroundings_.clock->steady_now() - begun,
                           static_cast<double>(source->scanned()), 0, 0);
            for (const dynamodb::Item& item : items) {
                lines += dynamodb::to_wire_json(run.source.key.key_of(item, arena));
                lines += '\n';
            }
            out.append(lines);
        }
        out.sync();
    }
    std::filesystem::rename(part, file(segment));
    return true;
}

void Spool::remove() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

}  // namespace dynamigrate::backfill
