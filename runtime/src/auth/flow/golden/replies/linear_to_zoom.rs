//! Those of Linear to Zoom.

use super::{Asked, Case, again, code, user};

pub(super) const REPLIES: &[Case] = &[
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
