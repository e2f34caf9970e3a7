#include "../transitions.hpp"

#include "../item_write.hpp"
#include "engine_parts.hpp"

#include <gtest/gtest.h>

#include <semaphore>
#include <set>
#include <thread>

namespace dynamigrate::engine {
namespace {

using namespace std::chrono_literals;

TablePointer put_table(MemoryParts& parts) {
    Table definition;
    definition.name = "tab";
    definition.number = parts.catalog.next_number();
    definition.key.hash.name = "pk";
    definition.definitions = {definition.key.hash};
    return parts.catalog.put(definition);
}

void add_index(MemoryParts& parts) {
    {
        std::unique_lock changing(parts.catalog.mutex());
        Table next = *parts.catalog.find("tab");
        Index index;
        index.number = next.next_index++;
        index.name = "by-x";
        index.key.hash = {"x", dynamodb::AttributeType::number};
        index.status = Status::creating;
        next.definitions.push_back(index.key.hash);
        next.indexes.push_back(index);
        parts.catalog.put(next);
    }
    parts.transitions.begin("tab");
}

void remove_index(MemoryParts& parts) {
    {
        std::unique_lock changing(parts.catalog.mutex());
        Table next = *parts.catalog.find("tab");
        next.indexes.at(0).status = Status::deleting;
        parts.catalog.put(next);
    }
    parts.transitions.begin("tab");
}

/// Puts the item with x, without x, or removes it.
void change_item(MemoryParts& parts, Request& request, std::uint64_t number) {
    std::string name = std::to_string(number % 199);
    dynamodb::ItemBuilder item(request.arena);
    item.string("pk", name);
    ItemWrite write;
    write.table = parts.catalog.find("tab");
    if (number % 5 == 0) {
        write.kind = ItemWrite::Kind::remove;
    } else if (number % 5 < 4) {
        item.number("x", static_cast<std::int64_t>(number % 1000));
    }
    write.item = item.build();
    do_write(parts.database, request, write);
    request.arena.reset();
}

void wait_until(MemoryParts& parts, auto&& is_done) {
    while (!is_done(*parts.catalog.find("tab"))) {
        parts.transitions.settle("tab");
        std::this_thread::yield();
    }
}

std::multiset<std::string> rows_with_x(MemoryParts& parts, const Index* index) {
    std::multiset<std::string> rows;
    TablePointer table = parts.catalog.find("tab");
    auto cursor = parts.rows.scan(*table, {.index = index, .start_after = {}});
    while (const Row* row = cursor->next()) {
        if (row->json.find("\"x\"") != std::string_view::npos) {
            rows.emplace(row->json);
        }
    }
    return rows;
}

TEST(Transitions, BuildIndexesThatAgreeWithItemsChangedMeanwhile) {
    MemoryParts parts;
    put_table(parts);
    Request request;
    for (std::uint64_t i = 0; i < 199; ++i) {
        change_item(parts, request, 1 + i * 5);
    }
    std::jthread writer([&](const std::stop_token& stop) {
        Request own;
        for (std::uint64_t i = 0; !stop.stop_requested(); ++i) {
            change_item(parts, own, i * 7919);
        }
    });
    for (int round = 0; round < 3; ++round) {
        add_index(parts);
        wait_until(parts,
                   [](const Table& table) { return table.indexes[0].status == Status::active; });
        if (round < 2) {
            remove_index(parts);
            wait_until(parts, [](const Table& table) { return table.indexes.empty(); });
        }
    }
    writer.request_stop();
    writer.join();
    TablePointer table = parts.catalog.find("tab");
    const Index& index = table->indexes[0];
    EXPECT_EQ(rows_with_x(parts, &index), rows_with_x(parts, nullptr));
    EXPECT_EQ(parts.rows.counts(*table, &index).items,
              static_cast<std::int64_t>(rows_with_x(parts, &index).size()));
}

TEST(Transitions, StopWhatIsBeingDoneForWhatGoesAway) {
    MemoryParts parts;
    put_table(parts);
    std::binary_semaphore begun(0), stopped(0);
    parts.transitions.begin("tab", [&](const std::stop_token& stop) {
        std::stop_callback tell(stop, [&] { stopped.release(); });
        begun.release();
        stopped.acquire();
    });
    begun.acquire();
    {
        std::unique_lock changing(parts.catalog.mutex());
        Table next = *parts.catalog.find("tab");
        next.status = Status::deleting;
        parts.catalog.put(next);
    }
    parts.transitions.begin("tab");
    while (parts.catalog.find("tab") != nullptr) {
        parts.transitions.settle("tab");
        std::this_thread::yield();
    }
}

TEST(Transitions, DoNotRemoveATableWhileSomethingIsDoneForIt) {
    MemoryParts parts;
    put_table(parts);
    std::binary_semaphore go(0), done(0);
    parts.transitions.begin("tab", [&](const std::stop_token&) { go.acquire(); });
    Table next = *parts.catalog.find("tab");
    next.status = Status::deleting;
    parts.catalog.put(next);
    parts.transitions.begin("tab");
    parts.transitions.settle("tab");
    EXPECT_NE(parts.catalog.find("tab"), nullptr);
    parts.transitions.begin("other", [&](const std::stop_token&) { done.release(); });
    go.release();
    done.acquire();
    parts.transitions.settle("tab");
    EXPECT_EQ(parts.catalog.find("tab"), nullptr);
}

TEST(Transitions, KeepATableCreatingWhileItIsRestored) {
    MemoryParts parts;
    Table next = *put_table(parts);
    next.status = Status::creating;
    next.restoring = "arn";
    parts.catalog.put(next);
    parts.transitions.begin("tab");
    parts.transitions.settle("tab");
    EXPECT_EQ(parts.catalog.find("tab")->status, Status::creating);
    next.restoring.clear();
    parts.catalog.put(next);
    parts.transitions.settle("tab");
    EXPECT_EQ(parts.catalog.find("tab")->status, Status::active);
}

TEST(Transitions, TakeUpWhatWasUnderWay) {
    MemoryParts parts;
    Table next = *put_table(parts);
    next.status = Status::deleting;
    parts.catalog.put(next);
    parts.transitions.settle("tab");
    EXPECT_NE(parts.catalog.find("tab"), nullptr);
    parts.transitions.resume();
    parts.transitions.settle_all();
    EXPECT_EQ(parts.catalog.find("tab"), nullptr);
}

}  // namespace
}  // namespace dynamigrate::engine
