#include "index_progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using std::chrono::seconds;

std::string length(seconds time) {
    return time < std::chrono::minutes(2) ? fmt::format("{} s", time.count())
                                          : fmt::format("{} min", time.count() / 60);
}

}  // namespace

std::optional<int> percent_built(const dynamodb::TableDescription& table,
                                 const dynamodb::IndexDescription& index) {
    if (index.item_count <= 0 || table.item_count <= 0) {
        return std::nullopt;
    }
    return static_cast<int>(std::min<std::int64_t>(99, index.item_count * 100 / table.item_count));
}

std::string IndexProgress::line(const dynamodb::TableDescription& table,
                                const dynamodb::IndexDescription& index, seconds elapsed) {
    std::string text = fmt::format("index {} of table {}: {}", index.name, table.name,
                                   index.is_backfilling ? "backfilling" : index.status);
    if (std::optional<int> percent = percent_built(table, index)) {
        text += fmt::format(", about {} % of the table's items", *percent);
    } else if (index.is_backfilling && elapsed >= std::chrono::minutes(1)) {
        text += ", how far is told by CloudWatch only (OnlineIndexPercentageProgress)";
    }
    if (elapsed >= std::chrono::minutes(1)) {
        text += fmt::format(", for {}", length(elapsed));
    }
    if (!first_) {
        first_ = Look{index.item_count, elapsed};
    }
    std::int64_t built = index.item_count - first_->items;
    std::int64_t left = table.item_count - index.item_count;
    std::int64_t time = (elapsed - first_->at).count();
    if (built > 0 && left > 0 && time > 0) {
        text += fmt::format(", about {} left", length(seconds(time * left / built)));
    }
    return text;
}

}  // namespace dynamigrate::migrate
