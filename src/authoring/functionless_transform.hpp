#pragma once

#include "node_process.hpp"

#include <dynamigrate/migrate/page_step.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace dynamigrate::authoring {

/// The function of pages that a functionless migration makes.
struct FunctionlessPages {
    std::shared_ptr<const NodeInstallation> installation;
    std::filesystem::path file;
    std::string direction = "up";  ///< or "down"
    std::string table;             ///< as the migration names it
    std::string configured;        ///< the configuration's table, "" : none
    NodeLimits limits;             ///< of each process, and for a page of items
};

/// Calls the function in Node processes, at most one per core. What it does to items of its page
/// by `$AWS.DynamoDB` changes these, guarded by the whole item; everything else goes to the tables
/// at once.
std::shared_ptr<const migrate::PageFunction> make_functionless_pages(FunctionlessPages pages);

}  // namespace dynamigrate::authoring
