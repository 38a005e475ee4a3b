//! What providers answer, in the shapes that their documents and clients show.

use crate::package::TokenKind;

/// What a reply answers.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Asked {
    Exchange,
    Refresh,
}

/// A provider's answers to a sign-in or a refresh, one after the other.
pub(super) struct Case {
    pub(super) provider: &'static str,
    pub(super) kind: TokenKind,
    pub(super) asked: Asked,
    pub(super) answers: &'static [(u16, &'static str)],
}

const fn code(provider: &'static str, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider,
        kind: TokenKind::Bot,
        asked: Asked::Exchange,
        answers,
    }
}

const fn again(provider: &'static str, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider,
        kind: TokenKind::Bot,
        asked: Asked::Refresh,
        answers,
    }
}

const fn user(asked: Asked, answers: &'static [(u16, &'static str)]) -> Case {
    Case {
        provider: "slack",
        kind: TokenKind::User,
        asked,
        answers,
    }
}

pub(super) const REPLIES: &[Case] = &[
    code(
        "asana",
        &[(
            200,
            r#"{"access_token":"a1","expires_in":3600,"token_type":"bearer","refresh_token":"r1","data":{"id":"4673218951","gid":"4673218951","name":"Greg Sanchez","email":"gsanchez@example.com"}}"#,
        )],
    ),
    again(
        "asana",
        &[(
            200,
            r#"{"access_token":"a2","expires_in":3600,"token_type":"bearer","data":{"gid":"4673218951","email":"gsanchez@example.com"}}"#,
        )],
    ),
    again(
        "asana",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"The refresh token is invalid."}"#,
        )],
    ),
    code(
        "bitbucket",
        &[(
            200,
            r#"{"scopes":"repository account","access_token":"a1","expires_in":7200,"token_type":"bearer","state":"authorization_code","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "bitbucket",
        &[(
            200,
            r#"{"scopes":"repository account","access_token":"a2","expires_in":7200,"token_type":"bearer","state":"refresh_token","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "bitbucket",
        &[(
            400,
            r#"{"error_description":"Invalid refresh_token","error":"invalid_grant"}"#,
        )],
    ),
    code(
        "calendly",
        &[(
            200,
            r#"{"token_type":"Bearer","access_token":"eyJ1","refresh_token":"r1","scope":"default","created_at":1548689183,"expires_in":7200,"owner":"https://api.calendly.com/users/EBHAAFHDCAEQTSEZ","organization":"https://api.calendly.com/organizations/EBHAAFHDCAEQTSEZ"}"#,
        )],
    ),
    again(
        "calendly",
        &[(
            200,
            r#"{"token_type":"Bearer","access_token":"eyJ2","refresh_token":"r2","scope":"default","created_at":1548689183,"expires_in":7200,"owner":"https://api.calendly.com/users/EBHAAFHDCAEQTSEZ"}"#,
        )],
    ),
    again(
        "calendly",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, or was issued to another client."}"#,
        )],
    ),
    code(
        "calendly",
        &[(
            401,
            r#"{"error":"invalid_client","error_description":"Client authentication failed due to unknown client."}"#,
        )],
    ),
    code(
        "discord",
        &[(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","expires_in":604800,"refresh_token":"r1","scope":"identify guilds"}"#,
        )],
    ),
    again(
        "discord",
        &[(
            200,
            r#"{"access_token":"a2","token_type":"Bearer","expires_in":604800,"refresh_token":"r2","scope":"identify guilds"}"#,
        )],
    ),
    again("discord", &[(400, r#"{"error":"invalid_grant"}"#)]),
    code(
        "discord",
        &[(
            429,
            r#"{"message":"You are being rate limited.","retry_after":3.5,"global":false}"#,
        )],
    ),
    code(
        "facebook",
        &[
            (
                200,
                r#"{"access_token":"EAA1","token_type":"bearer","expires_in":5183}"#,
            ),
            (
                200,
                r#"{"access_token":"EAA60","token_type":"bearer","expires_in":5183944}"#,
            ),
        ],
    ),
    code(
        "facebook",
        &[
            (
                200,
                r#"{"access_token":"EAA1","token_type":"bearer","expires_in":5183}"#,
            ),
            (
                500,
                r#"{"error":{"message":"An unknown error has occurred.","type":"OAuthException","code":1}}"#,
            ),
        ],
    ),
    again(
        "facebook",
        &[(
            200,
            r#"{"access_token":"EAA61","token_type":"bearer","expires_in":"5183944"}"#,
        )],
    ),
    again(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Error validating access token: Session has expired.","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"A"}}"#,
        )],
    ),
    again(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Application request limit reached","type":"OAuthException","code":4,"fbtrace_id":"A"}}"#,
        )],
    ),
    code(
        "facebook",
        &[(
            400,
            r#"{"error":{"message":"Error validating client secret.","type":"OAuthException","code":101,"fbtrace_id":"A"}}"#,
        )],
    ),
    code(
        "github",
        &[(
            200,
            r#"{"access_token":"gho_1","token_type":"bearer","scope":"repo,gist"}"#,
        )],
    ),
    code(
        "github",
        &[(200, "access_token=gho_1&scope=repo%2Cgist&token_type=bearer")],
    ),
    again(
        "github",
        &[(
            200,
            r#"{"access_token":"ghu_2","expires_in":28800,"refresh_token":"ghr_2","refresh_token_expires_in":15897600,"scope":"","token_type":"bearer"}"#,
        )],
    ),
    again(
        "github",
        &[(
            200,
            r#"{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}"#,
        )],
    ),
    code(
        "github",
        &[(
            200,
            r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}"#,
        )],
    ),
    code(
        "google",
        &[(
            200,
            r#"{"access_token":"ya29.1","expires_in":3599,"refresh_token":"1//r","scope":"https://www.googleapis.com/auth/userinfo.email openid","token_type":"Bearer","id_token":"e.y.J"}"#,
        )],
    ),
    again(
        "google",
        &[(
            200,
            r#"{"access_token":"ya29.2","expires_in":3599,"scope":"openid","token_type":"Bearer"}"#,
        )],
    ),
    again(
        "google",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        )],
    ),
    code(
        "hubspot",
        &[(
            200,
            r#"{"token_type":"bearer","refresh_token":"r1","access_token":"a1","hub_id":1234567,"scopes":["oauth","crm.objects.contacts.read"],"user_id":293199,"expires_in":1800}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            200,
            r#"{"token_type":"bearer","refresh_token":"r1","access_token":"a2","expires_in":1800}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            400,
            r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"3dbe80f6"}"#,
        )],
    ),
    code(
        "hubspot",
        &[(
            400,
            r#"{"status":"BAD_AUTH_CODE","message":"missing or unknown auth code","correlationId":"3dbe80f6"}"#,
        )],
    ),
    again(
        "hubspot",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"refresh token is invalid"}"#,
        )],
    ),
    code(
        "jira",
        &[
            (
                200,
                r#"{"access_token":"eyJ1","expires_in":3600,"token_type":"Bearer","refresh_token":"r1","scope":"offline_access read:jira-work"}"#,
            ),
            (
                200,
                r#"[{"id":"1324a887-45db-1bf4-1e99-ef0ff456d421","name":"Acme","url":"https://acme.atlassian.net","scopes":["read:jira-work"],"avatarUrl":"https://x"}]"#,
            ),
        ],
    ),
    code(
        "jira",
        &[
            (
                200,
                r#"{"access_token":"eyJ1","expires_in":3600,"token_type":"Bearer","scope":"read:jira-work"}"#,
            ),
            (200, "[]"),
        ],
    ),
    again(
        "jira",
        &[(
            200,
            r#"{"access_token":"eyJ2","expires_in":3600,"token_type":"Bearer","refresh_token":"r2","scope":"offline_access read:jira-work"}"#,
        )],
    ),
    again(
        "jira",
        &[(
            403,
            r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#,
        )],
    ),
    code(
        "jira",
        &[(
            401,
            r#"{"error":"unauthorized_client","error_description":"Unauthorized"}"#,
        )],
    ),
    code(
        "linear",
        &[(
            200,
            r#"{"access_token":"lin_oauth_1","token_type":"Bearer","expires_in":86399,"scope":"read,write","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "linear",
        &[(
            200,
            r#"{"access_token":"lin_oauth_2","token_type":"Bearer","expires_in":86399,"scope":"read write","refresh_token":"r2"}"#,
        )],
    ),
    again(
        "linear",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"The refresh token is invalid"}"#,
        )],
    ),
    code(
        "linkedin",
        &[(
            200,
            r#"{"access_token":"AQ1","expires_in":5184000,"scope":"openid,profile","token_type":"Bearer","id_token":"e.y.J"}"#,
        )],
    ),
    again(
        "linkedin",
        &[(
            200,
            r#"{"access_token":"AQ2","expires_in":5184000,"refresh_token":"r1","refresh_token_expires_in":439200}"#,
        )],
    ),
    again(
        "linkedin",
        &[(
            400,
            r#"{"error":"invalid_request","error_description":"The provided authorization grant or refresh token is invalid, expired or revoked"}"#,
        )],
    ),
    code(
        "linkedin",
        &[(
            401,
            r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
        )],
    ),
    code(
        "mailchimp",
        &[
            (200, r#"{"access_token":"a1","expires_in":0,"scope":null}"#),
            (
                200,
                r#"{"dc":"us19","role":"owner","accountname":"Acme","user_id":1,"login":{"email":"greg@acme.example","login_id":1,"login_name":"greg"},"login_url":"https://login.mailchimp.com","api_endpoint":"https://us19.api.mailchimp.com"}"#,
            ),
        ],
    ),
    code(
        "mailchimp",
        &[
            (200, r#"{"access_token":"a1","expires_in":0,"scope":null}"#),
            (
                200,
                r#"{"dc":"us19","login":{"email":"greg@acme.example"},"api_endpoint":"https://us19.api.mailchimp.com.evil.example"}"#,
            ),
        ],
    ),
    code(
        "mailchimp",
        &[
            (200, r#"{"access_token":"a1","expires_in":0,"scope":null}"#),
            (
                200,
                r#"{"error":"invalid_token","error_description":"The access token is not valid"}"#,
            ),
        ],
    ),
    code("mailchimp", &[(400, r#"{"error":"invalid_grant"}"#)]),
    code(
        "notion",
        &[(
            200,
            r#"{"access_token":"ntn_1","token_type":"bearer","refresh_token":"nrt_1","bot_id":"b-1","workspace_name":"Acme","workspace_icon":"x","workspace_id":"w-1","owner":{"type":"user","user":{"object":"user","id":"u-1"}},"duplicated_template_id":null,"request_id":"q"}"#,
        )],
    ),
    again(
        "notion",
        &[(
            200,
            r#"{"access_token":"ntn_2","token_type":"bearer","refresh_token":"nrt_2","bot_id":"b-1","workspace_name":"Acme","owner":{"user":{"id":"u-1"}}}"#,
        )],
    ),
    again("notion", &[(400, r#"{"error":"invalid_grant","request_id":"q"}"#)]),
    code("notion", &[(401, r#"{"error":"invalid_client","request_id":"q"}"#)]),
    code(
        "notion",
        &[(
            429,
            r#"{"object":"error","status":429,"code":"rate_limited","message":"You have been rate limited."}"#,
        )],
    ),
    code(
        "notion",
        &[(
            400,
            r#"{"object":"error","status":400,"code":"validation_error","message":"body failed validation"}"#,
        )],
    ),
    code(
        "reddit",
        &[(
            200,
            r#"{"access_token":"a1","token_type":"bearer","expires_in":86400,"refresh_token":"r1","scope":"identity read"}"#,
        )],
    ),
    again(
        "reddit",
        &[(
            200,
            r#"{"access_token":"a2","token_type":"bearer","expires_in":86400,"scope":"identity read"}"#,
        )],
    ),
    code("reddit", &[(200, r#"{"error":"invalid_grant"}"#)]),
    again("reddit", &[(400, r#"{"message":"Bad Request","error":400}"#)]),
    code("reddit", &[(401, r#"{"message":"Unauthorized","error":401}"#)]),
    code(
        "salesforce",
        &[(
            200,
            r#"{"access_token":"00D!1","refresh_token":"5Aep1","signature":"s","scope":"api refresh_token","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer","issued_at":"1754000000000"}"#,
        )],
    ),
    code(
        "salesforce",
        &[(
            200,
            r#"{"access_token":"00D!1","instance_url":"https://acme.evil.example","id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer"}"#,
        )],
    ),
    again(
        "salesforce",
        &[(
            200,
            r#"{"access_token":"00D!2","signature":"s","scope":"refresh_token api","instance_url":"https://other.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer","issued_at":"1754000000000"}"#,
        )],
    ),
    again(
        "salesforce",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#,
        )],
    ),
    code(
        "salesforce",
        &[(
            400,
            r#"{"error":"invalid_client_id","error_description":"client identifier invalid"}"#,
        )],
    ),
    code(
        "slack",
        &[(
            200,
            r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"chat:write,channels:read","bot_user_id":"U0B","app_id":"A","team":{"name":"Acme","id":"T1"},"authed_user":{"id":"U1"}}"#,
        )],
    ),
    again(
        "slack",
        &[(
            200,
            r#"{"ok":true,"access_token":"xoxe.xoxb-2","refresh_token":"xoxe-2","expires_in":43200,"token_type":"bot","scope":"chat:write","bot_user_id":"U0B","team":{"name":"Acme","id":"T1"}}"#,
        )],
    ),
    again("slack", &[(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#)]),
    user(
        Asked::Exchange,
        &[(
            200,
            r#"{"ok":true,"app_id":"A","team":{"name":"Acme","id":"T1"},"authed_user":{"id":"U1","scope":"chat:write","access_token":"xoxp-1","token_type":"user"}}"#,
        )],
    ),
    user(
        Asked::Refresh,
        &[(
            200,
            r#"{"ok":true,"access_token":"xoxe.xoxp-2","refresh_token":"xoxe-2","expires_in":43200,"token_type":"user","scope":"chat:write"}"#,
        )],
    ),
    user(Asked::Exchange, &[(200, r#"{"ok":false,"error":"invalid_code"}"#)]),
    code(
        "spotify",
        &[(
            200,
            r#"{"access_token":"a1","token_type":"Bearer","scope":"user-read-private user-read-email","expires_in":3600,"refresh_token":"r1"}"#,
        )],
    ),
    again(
        "spotify",
        &[(
            200,
            r#"{"access_token":"a2","token_type":"Bearer","scope":"user-read-private","expires_in":3600}"#,
        )],
    ),
    again(
        "spotify",
        &[(
            400,
            r#"{"error":"invalid_grant","error_description":"Refresh token revoked"}"#,
        )],
    ),
    code(
        "x",
        &[(
            200,
            r#"{"token_type":"bearer","expires_in":7200,"access_token":"a1","scope":"users.read tweet.read offline.access","refresh_token":"r1"}"#,
        )],
    ),
    again(
        "x",
        &[(
            200,
            r#"{"token_type":"bearer","expires_in":7200,"access_token":"a2","scope":"users.read tweet.read offline.access","refresh_token":"r2"}"#,
        )],
    ),
    again(
        "x",
        &[(
            400,
            r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#,
        )],
    ),
    code(
        "x",
        &[(
            400,
            r#"{"error":"invalid_request","error_description":"Value passed for the authorization code was invalid."}"#,
        )],
    ),
    code(
        "x",
        &[(
            401,
            r#"{"error":"unauthorized_client","error_description":"Missing valid authorization header"}"#,
        )],
    ),
    code(
        "zoom",
        &[(
            200,
            r#"{"access_token":"eyJ1","token_type":"bearer","refresh_token":"r1","expires_in":3599,"scope":"user:read:user meeting:read:meeting","api_url":"https://api.zoom.us"}"#,
        )],
    ),
    code(
        "zoom",
        &[(
            200,
            r#"{"access_token":"eyJ1","token_type":"bearer","expires_in":3599,"scope":"user:read:user","api_url":"https://zoom.us.evil.example"}"#,
        )],
    ),
    again(
        "zoom",
        &[(
            200,
            r#"{"access_token":"eyJ2","token_type":"bearer","refresh_token":"r2","expires_in":3599,"scope":"user:read:user","api_url":"https://api-us.zoom.us"}"#,
        )],
    ),
    again(
        "zoom",
        &[(400, r#"{"reason":"Invalid Token!","error":"invalid_request"}"#)],
    ),
    code(
        "zoom",
        &[(
            401,
            r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
        )],
    ),
];
