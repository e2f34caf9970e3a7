#include "functionless_migration.hpp"

#include "fields.hpp"
#include "functionless_transform.hpp"
#include "program_limits.hpp"
#include "step_parts.hpp"

#include <chrono>

namespace dynamigrate::authoring {

using json::Value;
using migrate::Migration;

namespace {

class FunctionlessReader {
public:
    FunctionlessReader(const ScriptFile& file, const Value& said,
                       const std::shared_ptr<const NodeInstallation>& installation,
                       const std::string& default_table)
        : file_(file),
          place_(file.path.string()),
          said_(said),
          installation_(installation),
          default_table_(default_table) {}

    Migration read() {
        const Value& up = *said_.find("up");
        const Value* description = up.find("description");
        Migration migration(file_.id, description != nullptr ? description->text() : "");
        migrate::PageStep step = read_step(up, "up");
        migration.on(step.table).from(place_, file_.checksum);
        migration.step(migrate::make_pages(std::move(step)), place_);
        if (const Value* down = said_.find("down")) {
            migration.down().step(migrate::make_pages(read_step(*down, "down")), place_);
        } else {
            migration.down_auto();
        }
        return migration;
    }

private:
    migrate::PageStep read_step(const Value& tree, const std::string& direction) const {
        Fields fields(tree, place_, "the migration");
        fields.find("description");
        migrate::PageStep step;
        step.table = fields.text_or("table", default_table_);
        if (step.table.empty()) {
            fields.fail(tree,
                        "no table: give `tableArn` in the migration, or `table` in the "
                        "configuration");
        }
        step.where = read_where(fields);
        step.page_items = fields.count("page_items").value_or(0);
        step.options =
            read_backfill_options(fields, StepPlace{step.table, place_, file_.path.parent_path()});
        NodeLimits limits;
        read_seconds(fields, "timeout", limits.time);
        fields.finish();
        step.function = make_functionless_pages(
            {installation_, file_.path, direction, step.table, default_table_, limits});
        return step;
    }

    const ScriptFile& file_;
    const std::string place_;
    const Value& said_;
    const std::shared_ptr<const NodeInstallation>& installation_;
    const std::string& default_table_;
};

}  // namespace

Migration read_functionless(const ScriptFile& file, const Value& said,
                            const std::shared_ptr<const NodeInstallation>& installation,
                            const std::string& default_table) {
    return FunctionlessReader(file, said, installation, default_table).read();
}

}  // namespace dynamigrate::authoring
