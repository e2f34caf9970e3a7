#pragma once

#include "fixtures.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace dynamigrate::migrate::testing {

/// A table with counters, and a migration that raises them, reversed by its journal.
struct CountersCase : ::testing::Test {
    Project project;
    std::map<std::string, std::string> before;
    int failing_id = -1;  ///< whose item the migration refuses

    explicit CountersCase(int items) {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < items; ++i) {
            project.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) + R"("},"n":{"N":")" +
                                          std::to_string(i) + R"("}})");
        }
        before = project.memory.items("app");
        Migration raise("1.0.0", "Raise the counters");
        raise.on("app").transform([this](ItemEditor& item) {
            if (item.string("pk") == std::to_string(failing_id)) {
                throw base::Error(base::ErrorKind::invalid_argument, "bad item");
            }
            item.set("n", item.integer("n") + 1);
        });
        project.registry.add(raise.down_auto());
        project.settings.backfill.lanes = 1;
    }
    static std::string key(int id) { return R"({"pk":{"S":")" + std::to_string(id) + R"("}})"; }
    std::string item(int id) { return project.memory.item("app", key(id)); }
};

}  // namespace dynamigrate::migrate::testing
