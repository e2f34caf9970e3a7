#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// What a directory tells of the project that lives there, for a configuration that fits.
struct ProjectSurvey {
    std::set<std::string> tables;      ///< that its infrastructure's files name literally
    std::string region;                ///< "" : nobody says
    std::filesystem::path migrations;  ///< where migrations are already; empty: nowhere
    std::filesystem::path schema;      ///< OneTable's; empty: none is known
    std::string history_layout;        ///< of the tool that it uses; "" : none is known
    std::string tables_owner;          ///< who creates the tables, such as CDK; "" : nobody known
    std::vector<std::string> found;    ///< for people, a line each
    std::vector<std::string> advice;   ///< likewise
};

/// Reads package.json, cdk.json and cdk.out, serverless.yml, template.yaml, *.tf, and looks for
/// directories of migrations and a OneTable schema. What cannot be read counts as not there.
ProjectSurvey survey_project(const std::filesystem::path& directory);

}  // namespace dynamigrate::cli
